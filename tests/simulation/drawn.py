"""Random circuits that use everything a circuit can say.

Bodies and composite instructions are often laid on other bits than their own, names clash with
those of Qiskit's gates, and loops end soon.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import Any, Callable

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import (
    BreakLoopOp,
    ClassicalRegister,
    Clbit,
    ContinueLoopOp,
    ControlledGate,
    Gate,
    Parameter,
    QuantumRegister,
    Qubit,
)
from qiskit.circuit import library as lib
from qiskit.circuit.library import standard_gates
from qiskit.quantum_info import random_unitary

HAS_SWITCH = hasattr(QuantumCircuit, "switch")

ONE: list[Callable[[random.Random], Any]] = [
    *(lambda rng, cls=cls: cls() for cls in (
        lib.HGate, lib.XGate, lib.YGate, lib.ZGate, lib.SGate, lib.SdgGate, lib.TGate,
        lib.TdgGate, lib.SXGate, lib.SXdgGate, lib.IGate,
    )),
    *(lambda rng, cls=cls: cls(_angle(rng)) for cls in (
        lib.RXGate, lib.RYGate, lib.RZGate, lib.PhaseGate, standard_gates.U1Gate,
    )),
    lambda rng: lib.RGate(_angle(rng), _angle(rng)),
    lambda rng: lib.UGate(_angle(rng), _angle(rng), _angle(rng)),
    lambda rng: standard_gates.U2Gate(_angle(rng), _angle(rng)),
]  # fmt: skip
TWO: list[Callable[[random.Random], Any]] = [
    *(lambda rng, cls=cls: cls() for cls in (
        lib.CXGate, lib.CYGate, lib.CZGate, lib.CHGate, lib.SwapGate, lib.iSwapGate, lib.DCXGate,
        lib.ECRGate, lib.CSXGate, lib.CSGate, lib.CSdgGate,
    )),
    *(lambda rng, cls=cls: cls(_angle(rng)) for cls in (
        lib.CPhaseGate, lib.CRXGate, lib.CRYGate, lib.CRZGate, lib.RXXGate, lib.RYYGate,
        lib.RZZGate, lib.RZXGate,
    )),
    lambda rng: lib.XXPlusYYGate(_angle(rng), _angle(rng)),
    lambda rng: lib.XXMinusYYGate(_angle(rng), _angle(rng)),
    lambda rng: lib.CUGate(*(_angle(rng) for _ in range(4))),
    lambda rng: lib.CXGate(ctrl_state=0),
    lambda rng: lib.CRYGate(_angle(rng), ctrl_state=0),
]  # fmt: skip
THREE: list[Callable[[random.Random], Any]] = [
    *(lambda rng, cls=cls: cls() for cls in (lib.CCXGate, lib.CSwapGate, lib.RCCXGate, lib.CCZGate)),
    lambda rng: lib.CCXGate(ctrl_state=rng.randrange(4)),
    lambda rng: lib.DCXGate().control(1, ctrl_state=rng.randrange(2)),
    lambda rng: lib.RYGate(_angle(rng)).control(2, ctrl_state=rng.randrange(4)),
]  # fmt: skip
CLASHES = ("h", "x", "cx", "u", "unitary", "diagonal", "swap", "rz", "measure_x", "save_state",
           "jump", "mark", "ccx_o1", "kraus", "multiplexer", "pauli", "id", "initialize_",
           "x_o0", "my gate", "U", "sx", "reset_", "if_else_", "noise")  # fmt: skip


def _angle(rng: random.Random) -> float:
    return rng.choice([math.pi / 2, math.pi, 0.7, rng.uniform(-6, 6)])


@dataclass
class Taste:
    """What may be drawn, and how much of it."""

    qubits: int = 4
    clbits: int = 4
    steps: int = 10
    depth: int = 2  # how deep bodies stand in one another
    dynamic: bool = True  # measurements in mid-circuit and all that depends on them
    flow: bool = True
    parameters: bool = True
    switch: bool = HAS_SWITCH


@dataclass
class Drawn:
    """A circuit with values for its parameters."""

    circuit: QuantumCircuit
    values: dict[Parameter, float]  # loops give values to parameters of their own

    @property
    def bound(self) -> QuantumCircuit:
        """The circuit with its values."""
        return self.circuit.assign_parameters(self.values) if self.values else self.circuit


def circuit(seed: int, taste: Taste | None = None) -> Drawn:
    """The circuit of a seed."""
    return _Artist(random.Random(seed), taste or Taste()).circuit(f"drawn-{seed}")


@dataclass
class _Canvas:
    """A circuit that is being drawn, and what surrounds it."""

    circuit: QuantumCircuit
    depth: int
    in_loop: bool = False
    is_gate: bool = False
    parameters: list[Parameter] = field(default_factory=list)


class _Artist:
    def __init__(self, rng: random.Random, taste: Taste) -> None:
        self._rng = rng
        self._taste = taste
        self._made = 0

    def circuit(self, name: str) -> Drawn:
        rng, taste = self._rng, self._taste
        made = self._with_bits(rng.randint(1, taste.qubits), rng.randint(1, taste.clbits))
        made.name = name
        if rng.random() < 0.3:
            made.global_phase = _angle(rng)
        free = [Parameter(f"p{n}") for n in range(rng.randint(0, 2))] if taste.parameters else []
        canvas = _Canvas(made, 0, parameters=free)
        self._steps(canvas, rng.randint(2, taste.steps))
        self._ending(made)
        return Drawn(made, {p: _angle(rng) for p in free if p in made.parameters})

    def _with_bits(self, qubits: int, clbits: int) -> QuantumCircuit:
        rng = self._rng
        way = rng.randrange(5)
        if way == 0:
            return QuantumCircuit(qubits, clbits)
        if way == 1:  # two registers of each kind
            first, low = rng.randint(0, qubits), rng.randint(0, clbits)
            return QuantumCircuit(
                QuantumRegister(first, "a"), QuantumRegister(qubits - first, "b"),
                ClassicalRegister(low, "x"), ClassicalRegister(clbits - low, "y"),
            )  # fmt: skip
        if way == 2:  # loose bits alone
            return QuantumCircuit(
                [Qubit() for _ in range(qubits)], [Clbit() for _ in range(clbits)]
            )
        if way == 3:  # loose bits before registers
            made = QuantumCircuit([Qubit()], [Clbit()])
            made.add_register(QuantumRegister(qubits - 1, "q"))
            made.add_register(ClassicalRegister(clbits - 1, "c"))
            return made
        bits = [Clbit() for _ in range(clbits)]  # registers that share bits
        made = QuantumCircuit([Qubit() for _ in range(qubits)], bits)
        made.add_register(ClassicalRegister(bits=bits[: clbits // 2 + 1], name="r"))
        made.add_register(ClassicalRegister(bits=bits[clbits // 2 :][::-1], name="s"))
        return made

    def _ending(self, made: QuantumCircuit) -> None:
        """Something is measured at the end; mostly everything, sometimes bits twice."""
        rng = self._rng
        if rng.random() < 0.15:
            made.swap(*rng.sample(range(made.num_qubits), 2)) if made.num_qubits > 1 else None
        if rng.random() < 0.2:
            made.measure_all()
            return
        for _ in range(rng.randint(1, made.num_clbits + 1)):
            made.measure(rng.randrange(made.num_qubits), rng.randrange(made.num_clbits))

    # -- one step

    def _steps(self, canvas: _Canvas, count: int) -> None:
        for _ in range(count):
            self._step(canvas)

    def _step(self, canvas: _Canvas) -> None:
        ways: list[tuple[float, Callable[[_Canvas], None]]] = [
            (6, self._gate),
            (1, self._own_gate),
            (0.5, self._unitary),
            (0.3, self._barrier),
        ]
        if not canvas.is_gate:
            ways += [(0.4, self._delay)]
            if self._taste.dynamic:
                ways += [
                    (2, self._measure),
                    (1, self._reset),
                    (0.7, self._initialize),
                    (0.7, self._composite),
                ]
                if self._taste.flow and canvas.depth < self._taste.depth:
                    ways += [(1.2, self._if), (0.7, self._for), (0.5, self._while)]
                    if self._taste.switch:
                        ways += [(0.7, self._switch)]
                if canvas.in_loop:
                    ways += [(0.7, self._leave)]
        weights = [weight for weight, _ in ways]
        self._rng.choices([way for _, way in ways], weights)[0](canvas)

    def _qubits(self, canvas: _Canvas, count: int) -> list[int]:
        return self._rng.sample(range(canvas.circuit.num_qubits), count)

    def _gate(self, canvas: _Canvas) -> None:
        rng, width = self._rng, canvas.circuit.num_qubits
        count = min(rng.choice([1, 1, 1, 2, 2, 3]), width)
        gate = rng.choice({1: ONE, 2: TWO, 3: THREE}[count])(rng)
        if canvas.parameters and rng.random() < 0.2:
            parameter = rng.choice(canvas.parameters)
            gate, count = rng.choice([lib.RXGate, lib.RYGate, lib.PhaseGate])(parameter * 0.5), 1
        if rng.random() < 0.05:
            gate = gate.to_mutable() if hasattr(gate, "to_mutable") else gate.copy()
            gate.label = rng.choice(CLASHES)
        self._conditionally(canvas, gate, self._qubits(canvas, count), [])

    def _conditionally(
        self, canvas: _Canvas, operation: Any, qubits: list[int], clbits: list[int]
    ) -> None:
        """Append an operation, sometimes under a condition of the old kind."""
        rng, circuit = self._rng, canvas.circuit
        added = circuit.append(operation, qubits, clbits)
        if canvas.is_gate or not circuit.clbits or not self._taste.dynamic or rng.random() > 0.2:
            return
        added.c_if(*self._condition(circuit))

    def _condition(self, circuit: QuantumCircuit) -> tuple[Any, int]:
        rng = self._rng
        registers = [r for r in circuit.cregs if len(r)]
        if registers and rng.random() < 0.4:
            register = rng.choice(registers)
            # Now and then a number that the register can never show.
            return register, rng.randrange(2 ** len(register) + (rng.random() < 0.1))
        return rng.choice(circuit.clbits), rng.randint(0, 1)

    def _unitary(self, canvas: _Canvas) -> None:
        rng = self._rng
        count = min(rng.choice([1, 2]), canvas.circuit.num_qubits)
        seed = rng.randrange(2**31)
        kind = rng.randrange(4)
        if kind == 0:
            gate = _diagonal([np.exp(1j * rng.uniform(0, 6)) for _ in range(2**count)])
        elif kind == 1:
            gate = lib.PauliGate("".join(rng.choice("IXYZ") for _ in range(count)))
        else:
            label = rng.choice([None, None, "h", "mine"])
            gate = _from_library("UnitaryGate")(random_unitary(2**count, seed=seed).data, label=label)
        self._conditionally(canvas, gate, self._qubits(canvas, count), [])

    def _own_gate(self, canvas: _Canvas) -> None:
        """A gate of the user's, often with the name of another."""
        rng = self._rng
        count = rng.randint(1, min(2, canvas.circuit.num_qubits))
        inner = QuantumCircuit(count, name=rng.choice(CLASHES))
        if rng.random() < 0.3:
            inner.global_phase = _angle(rng)
        self._steps(_Canvas(inner, 9, is_gate=True, parameters=canvas.parameters), rng.randint(1, 3))
        gate: Any = _without_barriers(inner).to_gate()
        if count < canvas.circuit.num_qubits and rng.random() < 0.3 and not inner.parameters:
            gate = Controlled(gate, rng.randint(0, 1))
            count += 1
        elif rng.random() < 0.2:
            gate = gate.inverse()
        self._conditionally(canvas, gate, self._qubits(canvas, count), [])

    def _barrier(self, canvas: _Canvas) -> None:
        canvas.circuit.barrier(self._qubits(canvas, self._rng.randint(1, canvas.circuit.num_qubits)))

    def _delay(self, canvas: _Canvas) -> None:
        time, unit = self._rng.choice([(160, "dt"), (100, "ns"), (1.5, "us"), (1e-6, "s")])
        canvas.circuit.delay(time, self._qubits(canvas, 1)[0], unit)

    # -- what is no gate

    def _measure(self, canvas: _Canvas) -> None:
        if canvas.circuit.clbits:
            clbit = self._rng.randrange(canvas.circuit.num_clbits)
            self._conditionally(canvas, lib.Measure(), self._qubits(canvas, 1), [clbit])

    def _reset(self, canvas: _Canvas) -> None:
        self._conditionally(canvas, lib.Reset(), self._qubits(canvas, 1), [])

    def _initialize(self, canvas: _Canvas) -> None:
        rng = self._rng
        count = min(rng.choice([1, 1, 2]), canvas.circuit.num_qubits)
        way = rng.randrange(4)
        cls = _from_library("Initialize") if rng.random() < 0.8 else lib.StatePreparation
        if way == 0:
            operation = cls("".join(rng.choice("01+-rl") for _ in range(count)))
        elif way == 1:
            operation = cls(rng.randrange(2**count), count)
        else:
            vector = np.array([complex(rng.gauss(0, 1), rng.gauss(0, 1)) for _ in range(2**count)])
            vector[rng.randrange(2**count)] = 0
            operation = cls(vector / np.linalg.norm(vector))
        self._conditionally(canvas, operation, self._qubits(canvas, count), [])

    def _composite(self, canvas: _Canvas) -> None:
        """An instruction that may measure and reset."""
        rng, outer = self._rng, canvas.circuit
        if not outer.clbits:
            return
        count, bits = rng.randint(1, min(2, outer.num_qubits)), rng.randint(1, min(2, outer.num_clbits))
        inner = QuantumCircuit(count, bits, name=rng.choice(CLASHES))
        self._steps(_Canvas(inner, 9, parameters=canvas.parameters), rng.randint(1, 4))
        clbits = rng.sample(range(outer.num_clbits), bits)
        self._conditionally(canvas, inner.to_instruction(), self._qubits(canvas, count), clbits)

    # -- control flow

    def _body(self, canvas: _Canvas, *, loop: bool = False, steps: int | None = None, **more: Any
              ) -> tuple[QuantumCircuit, list[Any], list[Any]]:  # fmt: skip
        """A body with the bits that it is laid on, which are often others than its own."""
        rng, outer = self._rng, canvas.circuit
        way = rng.randrange(3)
        if way == 0:  # the very bits and registers of the circuit around it
            body = QuantumCircuit(outer.qubits, outer.clbits, *outer.cregs)
            qubits, clbits = list(outer.qubits), list(outer.clbits)
        else:
            count, bits = rng.randint(1, outer.num_qubits), rng.randint(1, outer.num_clbits)
            body = QuantumCircuit(count, bits) if way == 1 else QuantumCircuit(
                [Qubit() for _ in range(count)], [Clbit() for _ in range(bits)]
            )  # fmt: skip
            qubits, clbits = rng.sample(outer.qubits, count), rng.sample(outer.clbits, bits)
        inner = _Canvas(body, canvas.depth + 1, canvas.in_loop or loop, False, list(canvas.parameters))
        inner.parameters += more.get("parameters", [])
        count = rng.choice([0, 1, 2, 3]) if steps is None else steps
        self._steps(inner, count)
        return body, qubits, clbits

    def _if(self, canvas: _Canvas) -> None:
        rng, outer = self._rng, canvas.circuit
        condition = self._condition(outer)
        body, qubits, clbits = self._body(canvas)
        if rng.random() < 0.5:
            outer.if_test(condition, body, qubits, clbits)
            return
        other = QuantumCircuit(body.qubits, body.clbits, *body.cregs)
        self._steps(_Canvas(other, canvas.depth + 1, canvas.in_loop, False, canvas.parameters), rng.randint(0, 2))
        outer.if_else(condition, body, other, qubits, clbits)

    def _for(self, canvas: _Canvas) -> None:
        rng = self._rng
        self._made += 1
        parameter = rng.choice([None, Parameter(f"k{self._made}")])
        more = {"parameters": [parameter]} if parameter is not None else {}
        body, qubits, clbits = self._body(canvas, loop=True, **more)
        indices = rng.choice([range(3), range(0), (2, 0, 5), range(4, 0, -2), [1]])
        canvas.circuit.for_loop(indices, parameter, body, qubits, clbits)

    def _while(self, canvas: _Canvas) -> None:
        """A loop that ends: its body ends with a coin that its condition reads."""
        rng, outer = self._rng, canvas.circuit
        body, qubits, clbits = self._body(canvas, loop=True, steps=rng.randint(0, 2))
        coin = rng.randrange(len(clbits))
        if any(item.operation.name == "continue_loop" for item in body.data):
            return
        qubit = rng.randrange(len(qubits))
        body.reset(qubit)
        body.ry(rng.choice([1.9, math.pi / 2, math.pi]), qubit)
        body.measure(qubit, coin)
        if _may_continue(body):
            return
        outer.while_loop((clbits[coin], 0), body, qubits, clbits)

    def _switch(self, canvas: _Canvas) -> None:
        from qiskit.circuit import CASE_DEFAULT

        rng, outer = self._rng, canvas.circuit
        registers = [r for r in outer.cregs if len(r)]
        target = rng.choice([*registers, rng.choice(outer.clbits)])
        count = 2 if isinstance(target, Clbit) else 2 ** len(target)
        values = rng.sample(range(count), rng.randint(1, min(count, 4)))
        body, qubits, clbits = self._body(canvas)
        cases: list[tuple[Any, QuantumCircuit]] = [(values[0], body)]
        for value in [*values[1:], *([CASE_DEFAULT] if rng.random() < 0.5 else [])]:
            other = QuantumCircuit(body.qubits, body.clbits, *body.cregs)
            self._steps(_Canvas(other, canvas.depth + 1, canvas.in_loop, False, canvas.parameters), rng.randint(0, 2))
            cases.append((value, other))
        outer.switch(target, cases, qubits, clbits)

    def _leave(self, canvas: _Canvas) -> None:
        made = canvas.circuit
        cls = self._rng.choice([BreakLoopOp, ContinueLoopOp])
        made.append(cls(made.num_qubits, made.num_clbits), made.qubits, made.clbits)


def _may_continue(body: QuantumCircuit) -> bool:
    """Whether something may leave the body before its end and begin it again."""
    for item in body.data:
        if item.operation.name == "continue_loop":
            return True
        if item.operation.name in ("if_else", "switch_case"):
            if any(_may_continue(block) for block in item.operation.blocks):
                return True
    return False


def _without_barriers(circuit: QuantumCircuit) -> QuantumCircuit:
    plain = circuit.copy_empty_like()
    for item in circuit.data:
        if item.operation.name != "barrier":
            plain.append(item.operation, item.qubits, item.clbits)
    return plain


class Controlled(ControlledGate):
    """A controlled gate as an author writes one by hand: what it controls is its definition."""

    def __init__(self, base: Gate, state: int) -> None:
        inner = QuantumCircuit(base.num_qubits + 1)
        inner.cp(0.4, 0, 1)
        inner.append(base, range(1, base.num_qubits + 1))
        inner.cry(1.1, 0, 1)
        super().__init__(
            "c_" + base.name, base.num_qubits + 1, [], num_ctrl_qubits=1, definition=inner,
            ctrl_state=state, base_gate=base,
        )  # fmt: skip


def _diagonal(values: list[complex]) -> Any:
    if hasattr(lib, "DiagonalGate"):
        return lib.DiagonalGate(values)
    made = QuantumCircuit(int(math.log2(len(values))))
    made.diagonal(values, made.qubits)
    return made.data[0].operation


def _from_library(name: str) -> Any:
    """A class that was an extension once."""
    if not hasattr(lib, name):
        from qiskit import extensions

        return getattr(extensions, name)
    return getattr(lib, name)
