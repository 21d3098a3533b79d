"""Random circuits that use all features of circuits.

Bodies and composite instructions often act on bits other than their own, names clash with those of
Qiskit's gates, and loops terminate soon.
"""

from __future__ import annotations

import math
import random
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Callable

import numpy as np
from qiskit import QuantumCircuit
from qiskit import __version__ as terra
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
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import random_unitary

HAS_SWITCH = hasattr(QuantumCircuit, "switch")
# Terra 0.25 makes a complex number of the parameter of a gate that is inverted twice.
BINDS_INVERSES = not terra.startswith("0.25.")
Maker = Callable[[random.Random], Any]


def _angle(rng: random.Random) -> float:
    return rng.choice([math.pi / 2, math.pi, 0.7, rng.uniform(-6, 6)])


def _each(*classes: Any, angles: int = 0) -> list[Maker]:
    return [lambda rng, cls=cls: cls(*(_angle(rng) for _ in range(angles))) for cls in classes]  # type: ignore[misc]


ONE = [
    *_each(lib.HGate, lib.XGate, lib.YGate, lib.ZGate, lib.SGate, lib.SdgGate, lib.TGate),
    *_each(lib.TdgGate, lib.SXGate, lib.SXdgGate, lib.IGate),
    *_each(lib.RXGate, lib.RYGate, lib.RZGate, lib.PhaseGate, standard_gates.U1Gate, angles=1),
    *_each(lib.RGate, standard_gates.U2Gate, angles=2),
    *_each(lib.UGate, angles=3),
]
TWO = [
    *_each(lib.CXGate, lib.CYGate, lib.CZGate, lib.CHGate, lib.SwapGate, lib.SwapGate),
    *_each(lib.iSwapGate, lib.DCXGate, lib.ECRGate, lib.CSXGate, lib.CSGate, lib.CSdgGate),
    *_each(lib.CPhaseGate, lib.CRXGate, lib.CRYGate, lib.CRZGate, angles=1),
    *_each(lib.RXXGate, lib.RYYGate, lib.RZZGate, lib.RZXGate, angles=1),
    *_each(lib.XXPlusYYGate, lib.XXMinusYYGate, angles=2),
    *_each(lib.CUGate, angles=4),
    lambda _: lib.CXGate(ctrl_state=0),
    lambda rng: lib.CRYGate(_angle(rng), ctrl_state=0),
]
THREE = [
    *_each(lib.CCXGate, lib.CSwapGate, lib.RCCXGate, lib.CCZGate),
    lambda rng: lib.CCXGate(ctrl_state=rng.randrange(4)),
    lambda rng: lib.DCXGate().control(1, ctrl_state=rng.randrange(2)),
    lambda rng: lib.RYGate(_angle(rng)).control(2, ctrl_state=rng.randrange(4)),
]
GATES = {1: ONE, 2: TWO, 3: THREE}
MADE = {make(random.Random(0)).name: make for makers in GATES.values() for make in makers}
CLASHES = (
    *("h", "x", "cx", "u", "unitary", "diagonal", "swap", "rz", "sx", "id", "pauli", "kraus"),
    *("jump", "mark", "save_state", "multiplexer", "ccx_o1", "x_o0", "my gate", "U", "noise"),
)


@dataclass(frozen=True)
class Features:
    """Features that may be used, and size limits."""

    qubits: int = 4
    clbits: int = 4
    steps: int = 10
    depth: int = 2  # how deep bodies stand in one another
    dynamic: bool = True  # measurements in mid-circuit and all that depends on them
    flow: bool = True
    parameters: bool = True
    native: tuple[str, ...] = ()  # names of the only gates, if they are to be few


@dataclass
class RandomCircuit:
    """Circuit with values for its parameters, except loop parameters."""

    circuit: QuantumCircuit
    values: dict[Parameter, float]

    @property
    def bound(self) -> QuantumCircuit:
        """Circuit with bound parameters."""
        return self.circuit.assign_parameters(self.values) if self.values else self.circuit

    @property
    def row(self) -> list[float]:
        """Values in the order of the circuit's parameters."""
        return [self.values[name] for name in self.circuit.parameters if name in self.values]


def circuit(seed: int, features: Features | None = None) -> RandomCircuit:
    """Return the circuit of a seed; every third one is short and may be run untranspiled."""
    features = features or Features(steps=10 if seed % 3 else 3)
    return _Builder(random.Random(seed), features).circuit(f"drawn-{seed}")


@dataclass
class _Canvas:
    """Circuit under construction, and its context."""

    circuit: QuantumCircuit
    depth: int = 0
    in_loop: bool = False
    is_gate: bool = False
    parameters: list[Parameter] = field(default_factory=list)


class _Builder:
    def __init__(self, rng: random.Random, features: Features) -> None:
        self._rng = rng
        self._taste = features
        self._made = 0
        few = [MADE[name] for name in features.native]
        self._gates = GATES
        if few:
            sizes = {make: make(rng).num_qubits for make in few}
            self._gates = {n: [m for m in few if sizes[m] == n] for n in set(sizes.values())}

    def circuit(self, name: str) -> RandomCircuit:
        rng, features = self._rng, self._taste
        made = self._with_bits(rng.randint(1, features.qubits), rng.randint(1, features.clbits))
        made.name = name
        if rng.random() < 0.3:
            made.global_phase = _angle(rng)
        free = [Parameter(f"p{n}") for n in range(rng.randint(0, 2))] if features.parameters else []
        self._steps(_Canvas(made, parameters=free), rng.randint(1, features.steps))
        self._ending(made)
        return RandomCircuit(made, {name: _angle(rng) for name in free if name in made.parameters})

    def _with_bits(self, qubits: int, clbits: int) -> QuantumCircuit:
        rng = self._rng
        way = rng.randrange(5)
        if way == 0:
            return QuantumCircuit(qubits, clbits)
        if way == 1:  # two registers of each kind, perhaps empty ones
            first, low = rng.randint(0, qubits), rng.randint(0, clbits)
            made = QuantumCircuit(QuantumRegister(first, "a"), QuantumRegister(qubits - first, "b"))
            made.add_register(ClassicalRegister(low, "x"), ClassicalRegister(clbits - low, "y"))
            return made
        if way == 2:  # loose bits alone
            return QuantumCircuit(_loose(Qubit, qubits), _loose(Clbit, clbits))
        if way == 3:  # loose bits before registers
            made = QuantumCircuit([Qubit()], [Clbit()])
            made.add_register(QuantumRegister(qubits - 1, "q"))
            made.add_register(ClassicalRegister(clbits - 1, "c"))
            return made
        bits = _loose(Clbit, clbits)  # registers that share bits
        made = QuantumCircuit(_loose(Qubit, qubits), bits)
        made.add_register(ClassicalRegister(bits=bits[: clbits // 2 + 1], name="r"))
        made.add_register(ClassicalRegister(bits=bits[clbits // 2 :][::-1], name="s"))
        return made

    def _ending(self, made: QuantumCircuit) -> None:
        """Append final measurements, sometimes of one bit twice, sometimes after a swap."""
        rng = self._rng
        if rng.random() < 0.25 and made.num_qubits > 1 and not self._taste.native:
            made.swap(*rng.sample(range(made.num_qubits), 2))
        if rng.random() < 0.2:
            made.measure_all()
            return
        for _ in range(rng.randint(1, made.num_clbits + 1)):
            made.measure(rng.randrange(made.num_qubits), rng.randrange(made.num_clbits))

    def _steps(self, canvas: _Canvas, count: int) -> None:
        for _ in range(count):
            ways = self._ways(canvas)
            self._rng.choices([way for _, way in ways], [often for often, _ in ways])[0](canvas)

    def _ways(self, canvas: _Canvas) -> list[tuple[float, Callable[[_Canvas], None]]]:
        ways: list[tuple[float, Callable[[_Canvas], None]]] = [(6, self._gate)]
        if not self._taste.native:
            ways += [(1, self._own_gate), (0.5, self._unitary)]
        if canvas.is_gate:
            return ways
        ways += [(0.3, self._barrier), (0.4, self._delay)]
        if not self._taste.dynamic:
            return ways
        ways += [(2, self._measure), (1, self._reset)]
        if not self._taste.native:
            ways += [(0.7, self._initialize), (0.7, self._composite)]
        if self._taste.flow and canvas.depth < self._taste.depth:
            ways += [(1.2, self._if), (0.7, self._for), (0.5, self._while)]
            ways += [(0.7, self._switch)] if HAS_SWITCH else []
        if canvas.in_loop:
            ways += [(0.7, self._leave)]
        return ways

    # -- gates

    def _qubits(self, canvas: _Canvas, count: int) -> list[int]:
        return self._rng.sample(range(canvas.circuit.num_qubits), count)

    def _gate(self, canvas: _Canvas) -> None:
        rng, width = self._rng, canvas.circuit.num_qubits
        count = min(rng.choice([1, 1, 1, 2, 2, 3]), width, max(self._gates))
        gate = rng.choice(self._gates[count])(rng)
        if canvas.parameters and rng.random() < 0.2 and not self._taste.native:
            count, turn = 1, rng.choice([lib.RXGate, lib.RYGate, lib.PhaseGate])
            gate = turn(rng.choice(canvas.parameters) * 0.5)
        if rng.random() < 0.05 and not self._taste.native:
            gate = gate.to_mutable() if hasattr(gate, "to_mutable") else gate.copy()
            gate.label = rng.choice(CLASHES)
        self._add(canvas, gate, count)

    def _add(self, canvas: _Canvas, operation: Any, qubits: int, clbits: Any = ()) -> None:
        """Append an operation, sometimes with a ``c_if`` condition."""
        rng, circuit = self._rng, canvas.circuit
        added = circuit.append(operation, self._qubits(canvas, qubits), clbits)
        if canvas.is_gate or not circuit.clbits or not self._taste.dynamic:
            return
        if rng.random() < 0.2:
            added.c_if(*self._condition(circuit))

    def _condition(self, circuit: QuantumCircuit) -> tuple[Any, int]:
        rng = self._rng
        registers = [register for register in circuit.cregs if len(register)]
        if registers and rng.random() < 0.4:
            register = rng.choice(registers)
            # Now and then a number that the register can never show.
            return register, rng.randrange(2 ** len(register) + (rng.random() < 0.1))
        return rng.choice(circuit.clbits), rng.randint(0, 1)

    def _unitary(self, canvas: _Canvas) -> None:
        rng = self._rng
        count = min(rng.choice([1, 2]), canvas.circuit.num_qubits)
        kind = rng.randrange(4)
        if kind == 0:
            gate = diagonal([np.exp(1j * rng.uniform(0, 6)) for _ in range(2**count)])
        elif kind == 1:
            gate = lib.PauliGate("".join(rng.choice("IXYZ") for _ in range(count)))
        else:
            matrix = random_unitary(2**count, seed=rng.randrange(2**31)).data
            gate = _from_library("UnitaryGate")(matrix, label=rng.choice([None, None, "h", "mine"]))
        self._add(canvas, gate, count)

    def _own_gate(self, canvas: _Canvas) -> None:
        """Return a custom gate, often with the name of another gate."""
        rng, width = self._rng, canvas.circuit.num_qubits
        count = rng.randint(1, min(2, width))
        inner = QuantumCircuit(count, name=rng.choice(CLASHES))
        if rng.random() < 0.3:
            inner.global_phase = _angle(rng)
        drawn = _Canvas(inner, is_gate=True, parameters=canvas.parameters)
        self._steps(drawn, rng.randint(1, 3))
        gate: Any = inner.to_gate()
        if count < width and rng.random() < 0.3 and not inner.parameters:
            gate, count = Controlled(gate, rng.randint(0, 1)), count + 1
        elif rng.random() < 0.2 and (BINDS_INVERSES or not inner.parameters):
            with suppress(QiskitError):  # not every terra inverts all controlled gates
                gate = gate.inverse()
        self._add(canvas, gate, count)

    # -- what is no gate

    def _barrier(self, canvas: _Canvas) -> None:
        width = canvas.circuit.num_qubits
        canvas.circuit.barrier(self._qubits(canvas, self._rng.randint(1, width)))

    def _delay(self, canvas: _Canvas) -> None:
        time, unit = self._rng.choice([(160, "dt"), (100, "ns"), (1.5, "us"), (1e-6, "s")])
        canvas.circuit.delay(time, self._qubits(canvas, 1)[0], unit)

    def _measure(self, canvas: _Canvas) -> None:
        if canvas.circuit.clbits:
            self._add(canvas, lib.Measure(), 1, [self._rng.choice(canvas.circuit.clbits)])

    def _reset(self, canvas: _Canvas) -> None:
        self._add(canvas, lib.Reset(), 1)

    def _initialize(self, canvas: _Canvas) -> None:
        rng = self._rng
        count = min(rng.choice([1, 1, 2]), canvas.circuit.num_qubits)
        cls = _from_library("Initialize") if rng.random() < 0.8 else lib.StatePreparation
        way = rng.randrange(4)
        if way == 0:
            operation = cls("".join(rng.choice("01+-rl") for _ in range(count)))
        elif way == 1:
            operation = cls(rng.randrange(2**count), count)
        else:
            vector = np.array([complex(rng.gauss(0, 1), rng.gauss(0, 1)) for _ in range(2**count)])
            vector[rng.randrange(2**count)] = 0
            operation = cls(vector / np.linalg.norm(vector))
        self._add(canvas, operation, count)

    def _composite(self, canvas: _Canvas) -> None:
        """Return an instruction that may measure and reset."""
        rng, outer = self._rng, canvas.circuit
        if not outer.clbits:
            return
        count = rng.randint(1, min(2, outer.num_qubits))
        clbits = rng.sample(outer.clbits, rng.randint(1, min(2, outer.num_clbits)))
        inner = QuantumCircuit(count, len(clbits), name=rng.choice(CLASHES))
        drawn = _Canvas(inner, depth=self._taste.depth, parameters=canvas.parameters)
        self._steps(drawn, rng.randint(1, 4))
        self._add(canvas, inner.to_instruction(), count, clbits)

    # -- control flow

    def _body(
        self, canvas: _Canvas, steps: int, *parameters: Parameter, in_loop: bool = False
    ) -> tuple[QuantumCircuit, list[Any], list[Any]]:
        """Return a body and the bits on which it acts, which often differ from its own."""
        rng, outer = self._rng, canvas.circuit
        way = rng.randrange(3)
        if way == 0:  # the very bits and registers of the circuit around it
            body = QuantumCircuit(outer.qubits, outer.clbits, *outer.cregs)
            qubits, clbits = list(outer.qubits), list(outer.clbits)
        else:
            qubits = rng.sample(outer.qubits, rng.randint(1, outer.num_qubits))
            clbits = rng.sample(outer.clbits, rng.randint(1, outer.num_clbits))
            body = QuantumCircuit(len(qubits), len(clbits))
            if way == 1:
                body = QuantumCircuit(_loose(Qubit, len(qubits)), _loose(Clbit, len(clbits)))
        inner = self._within(canvas, body)
        inner.in_loop = inner.in_loop or in_loop
        inner.parameters = [*canvas.parameters, *parameters]
        self._steps(inner, steps)
        return body, qubits, clbits

    def _within(self, canvas: _Canvas, body: QuantumCircuit) -> _Canvas:
        return replace(canvas, circuit=body, depth=canvas.depth + 1)

    def _other(self, canvas: _Canvas, body: QuantumCircuit) -> QuantumCircuit:
        """Return another body on the bits of the first one."""
        other = QuantumCircuit(body.qubits, body.clbits, *body.cregs)
        self._steps(self._within(canvas, other), self._rng.randint(0, 2))
        return other

    def _if(self, canvas: _Canvas) -> None:
        rng, outer = self._rng, canvas.circuit
        condition = self._expression(outer) if rng.random() < 0.2 else self._condition(outer)
        body, qubits, clbits = self._body(canvas, rng.randint(0, 3))
        if rng.random() < 0.5:
            outer.if_test(condition, body, qubits, clbits)
        else:
            outer.if_else(condition, body, self._other(canvas, body), qubits, clbits)

    def _expression(self, circuit: QuantumCircuit) -> Any:
        """Return a classical expression, which terra supports from 0.25 on."""
        rng = self._rng
        registers = [register for register in circuit.cregs if len(register)]
        try:
            from qiskit.circuit.classical import expr
        except ImportError:
            return self._condition(circuit)
        bits = [expr.lift(rng.choice(circuit.clbits)) for _ in range(2)]
        found = rng.choice([expr.logic_and, expr.logic_or, expr.bit_xor])(*bits)
        if registers:
            register = rng.choice(registers)
            compared = rng.choice([expr.less, expr.greater_equal, expr.not_equal])
            number = rng.randrange(2 ** len(register))
            found = expr.logic_or(expr.logic_not(found), compared(register, number))
        return found

    def _for(self, canvas: _Canvas) -> None:
        rng = self._rng
        self._made += 1
        parameter = rng.choice([None, Parameter(f"k{self._made}")])
        known = [] if parameter is None else [parameter]
        body, qubits, clbits = self._body(canvas, rng.randint(0, 3), *known, in_loop=True)
        indices = rng.choice([range(3), range(0), (2, 0, 5), range(4, 0, -2), [1]])
        canvas.circuit.for_loop(indices, parameter, body, qubits, clbits)

    def _while(self, canvas: _Canvas) -> None:
        """Append a loop whose condition reads a random bit measured at the end of its body."""
        rng, outer = self._rng, canvas.circuit
        body, qubits, clbits = self._body(canvas, rng.randint(0, 2), in_loop=True)
        coin, qubit = rng.randrange(len(clbits)), rng.randrange(len(qubits))
        if _may_continue(body):
            return
        body.reset(qubit)
        if self._taste.native:
            body.sx(qubit)
        else:
            body.ry(rng.choice([1.9, math.pi / 2, math.pi]), qubit)
        body.measure(qubit, coin)
        outer.while_loop((clbits[coin], 0), body, qubits, clbits)

    def _switch(self, canvas: _Canvas) -> None:
        from qiskit.circuit import CASE_DEFAULT

        rng, outer = self._rng, canvas.circuit
        registers = [register for register in outer.cregs if len(register)]
        target = rng.choice([*registers, rng.choice(outer.clbits)])
        count = 2 if isinstance(target, Clbit) else 2 ** len(target)
        values = rng.sample(range(count), rng.randint(1, min(count, 4)))
        body, qubits, clbits = self._body(canvas, rng.randint(0, 3))
        others = [*values[1:], *([CASE_DEFAULT] if rng.random() < 0.5 else [])]
        cases = [(values[0], body), *((value, self._other(canvas, body)) for value in others)]
        outer.switch(target, cases, qubits, clbits)

    def _leave(self, canvas: _Canvas) -> None:
        made = canvas.circuit
        cls = self._rng.choice([BreakLoopOp, ContinueLoopOp])
        made.append(cls(made.num_qubits, made.num_clbits), made.qubits, made.clbits)


def _may_continue(body: QuantumCircuit) -> bool:
    """Return whether a body may be left early and started again."""
    names = {item.operation.name for item in body.data}
    inner = [
        block
        for item in body.data
        if item.operation.name in ("if_else", "switch_case")
        for block in item.operation.blocks
    ]
    return "continue_loop" in names or any(map(_may_continue, inner))


class Controlled(ControlledGate):
    """Controlled gate with a handwritten definition."""

    def __init__(self, base: Gate, state: int) -> None:
        width = base.num_qubits + 1
        inner = QuantumCircuit(width)
        inner.cp(0.4, 0, 1)
        inner.append(base, range(1, width))
        inner.cry(1.1, 0, 1)
        super().__init__(
            f"c_{base.name}", width, [], num_ctrl_qubits=1, definition=inner, ctrl_state=state,
            base_gate=base,
        )  # fmt: skip


def _loose(cls: Any, count: int) -> list[Any]:
    return [cls() for _ in range(count)]


def diagonal(values: list[complex]) -> Any:
    """Return a diagonal gate, whose class is in the circuit library from terra 0.45 on."""
    if hasattr(lib, "DiagonalGate"):
        return lib.DiagonalGate(values)
    made = QuantumCircuit(int(math.log2(len(values))))
    made.diagonal(values, made.qubits)
    return made.data[0].operation


def _from_library(name: str) -> Any:
    """Return a class of the former extensions."""
    if not hasattr(lib, name):
        from qiskit import extensions

        return getattr(extensions, name)
    return getattr(lib, name)
