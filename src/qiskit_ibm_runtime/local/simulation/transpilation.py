"""Transpilation to the basis gates and couplings of a backend, including control flow.

Terra's transpiler is correct for circuits without control flow, except for two passes: at level 3
one removes swaps before final measurements, and before 0.45 another merges gates across identities
at levels 2 and 3. Therefore control flow is unfolded first, at level 3 all swaps are replaced, and
the other pass is left out. Qubits keep their positions between jumps: a gate on uncoupled qubits is
surrounded by swaps there and back.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from qiskit import QiskitError, QuantumCircuit, QuantumRegister, __version__
from qiskit.circuit import Instruction
from qiskit.circuit.library import CXGate, RZZGate, SwapGate
from qiskit.transpiler import CouplingMap, Layout
from qiskit.transpiler import preset_passmanagers as preset
from qiskit.transpiler.passes import CommutativeCancellation
from qiskit.transpiler.passmanager_config import PassManagerConfig

from qiskit_ibm_runtime._circuits.builder import to_circuit
from qiskit_ibm_runtime._circuits.form import OPERATION_CLASSES
from qiskit_ibm_runtime._circuits.normalizer import normal_form

from .lowering import is_standard, with_jumps
from .unfolding import CHANNELS, Kept, UnsupportedError, unfold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qiskit_ibm_runtime._circuits import form

    from .unfolding import Control

logger = logging.getLogger(__name__)

_LEVELS = (
    preset.level_0_pass_manager,
    preset.level_1_pass_manager,
    preset.level_2_pass_manager,
    preset.level_3_pass_manager,
)


# Terra before 0.45 assumes that commutation is transitive: in rx - id - p - id - rx it merges both
# rx, although p is between them, and so changes the circuit.
_MERGES_ACROSS_IDENTITIES = tuple(map(int, __version__.split(".")[:2])) < (0, 45)

_ONE_WAY = {row.name for row in OPERATION_CLASSES.values() if row.controlled} - {"cx", "cz"}


@dataclass(frozen=True)
class Transpiler:
    """Target and options of transpilation.

    Attributes:
        basis_gates: Names of the basis gates.
        coupling_map: Directed pairs of coupled qubits; ``None`` for all pairs.
        level: Optimization level, 0 to 3.
        initial_layout: Position of each qubit of a circuit.
        properties: Calibration of the device.
        names: Names and labels of instructions with their own noise, which are not changed.
        settings: Other settings, by their names in terra's ``PassManagerConfig``.
    """

    basis_gates: list[str]
    coupling_map: list[list[int]] | None = None
    level: int = 1
    initial_layout: list[int] | None = None
    properties: Any = None
    names: frozenset[str] = frozenset()
    settings: dict[str, Any] = field(default_factory=dict)

    def transpile(self, circuit: QuantumCircuit) -> QuantumCircuit:
        """Transpile a circuit.

        Raises:
            UnsupportedError: If the circuit cannot be transpiled or simulated.
        """
        control: Sequence[tuple[int, Control]] = ()
        if not is_standard(circuit):
            kept = Kept(self._is_native, self.names - {"swap"})
            line = unfold(normal_form(circuit), kept)
            circuit, control = to_circuit(line.circuit), line.control
        if control or self._is_kept_on_pairs(circuit):
            return self._with_control(circuit, control)
        return self._transpiled(self._without_swaps(circuit), self._places(circuit))

    def _is_native(self, operation: form.Operation) -> bool:
        """Return whether to pass a gate to terra unchanged; terra routes gates on two qubits."""
        if operation.kind in ("Initialize", "DiagonalGate"):
            return False
        return operation.qubits <= 2 or self.coupling_map is None

    # -- without control flow

    def _without_swaps(self, circuit: QuantumCircuit, *, wires_may_move: bool = True) -> Any:
        if self.level < 3 or "swap" in self.names:
            return circuit
        return _without_swaps(circuit, wires_may_move=wires_may_move)

    def _places(self, circuit: QuantumCircuit) -> dict[str, Any]:
        """Return terra's settings for the placement of a circuit."""
        places: dict[str, Any] = {}
        if self.coupling_map is not None:
            places = {"coupling_map": self._coupling, "backend_properties": self.properties}
        if self.initial_layout is not None:
            self._check_layout(circuit)
            places["initial_layout"] = Layout(dict(zip(circuit.qubits, self.initial_layout)))
        return places

    @cached_property
    def _coupling(self) -> CouplingMap:
        return CouplingMap(self.coupling_map)

    def _check_layout(self, circuit: QuantumCircuit) -> None:
        places = self.initial_layout or []
        if len(places) != circuit.num_qubits:
            raise UnsupportedError(
                f"initial_layout has {len(places)} positions, but circuit {circuit.name!r} has "
                f"{circuit.num_qubits} qubits."
            )
        width = circuit.num_qubits if self.coupling_map is None else self._coupling.size()
        if len(set(places)) < len(places) or not all(0 <= place < width for place in places):
            raise UnsupportedError(
                f"initial_layout must contain different positions from 0 to {width - 1}, not "
                f"{places}."
            )

    def _is_kept_on_pairs(self, circuit: QuantumCircuit) -> bool:
        """Return whether an opaque two-qubit instruction may need routing, which terra lacks."""
        if self.coupling_map is None or not self.names:
            return False
        return any(len(i.qubits) == 2 and _name(i) in self.names for i in circuit.data)

    def _transpiled(self, circuit: QuantumCircuit, places: dict[str, Any]) -> Any:
        """Transpile a circuit with terra; instructions with their own noise are opaque to it."""
        hidden, kept = _hidden(circuit, self.names)
        wide = [its.name for its in kept.values() if its.num_qubits > 2]
        if self.coupling_map is not None and wide:
            raise UnsupportedError(
                f"Circuit {circuit.name!r} has the instruction {wide[0]!r} on more than two "
                "qubits, which cannot be routed, because the noise model defines noise for it. Use "
                "a backend without a coupling map."
            )
        basis = [*self._basis, *kept]
        config = PassManagerConfig(basis_gates=basis, **places, **self.settings)
        try:
            found = self._passes(self.level, config).run(hidden)
        except QiskitError as exc:
            # Terra 0.23 does not finish optimization for some bases at levels 2 and 3.
            if "Maximum iteration" not in str(exc) or self.level < 2:
                raise
            logger.warning(
                "Transpiling circuit %r at level 1, because optimization at level %d does not end.",
                *(circuit.name, self.level),
            )
            found = self._passes(1, config).run(hidden)
        return _shown(found, kept) if kept else found

    def _passes(self, level: int, config: PassManagerConfig) -> Any:
        passes = _LEVELS[level](config)
        if "scheduling_method" not in self.settings:
            passes.scheduling = None  # not needed, because delays have a unit
        if _MERGES_ACROSS_IDENTITIES:
            _drop_commutative_cancellation(passes.optimization)
        return passes

    # -- with control flow

    def _with_control(
        self, circuit: QuantumCircuit, control: Sequence[tuple[int, Control]]
    ) -> QuantumCircuit:
        """Transpile the pieces between jumps and marks, all with the same placement."""
        if "scheduling_method" in self.settings:
            raise UnsupportedError(
                f"Circuit {circuit.name!r} has control flow, which cannot be scheduled."
            )
        places, width = list(range(circuit.num_qubits)), circuit.num_qubits
        if self.coupling_map is not None:
            places, width = self._placement(circuit), self._coupling.size()
        where = dict(zip(circuit.qubits, places))
        made = _empty(circuit, width)
        steps = [
            _Step(item.operation, tuple([where[qubit] for qubit in item.qubits]), item.clbits)
            for item in circuit.data
        ]
        bounds = sorted({0, *(place for place, _ in control), len(steps)})
        begun = {len(steps): 0}
        for first, last in zip(bounds, bounds[1:]):
            begun[first] = len(made.data)
            self._add_piece(made, steps[first:last])
        begun[len(steps)] = len(made.data)
        return with_jumps(made, [(begun[place], item) for place, item in control])

    def _placement(self, circuit: QuantumCircuit) -> list[int]:
        """Return the position of each qubit, as terra chooses it for the same interactions."""
        if self.initial_layout is not None:
            self._check_layout(circuit)
            return self.initial_layout
        shadow = QuantumCircuit(circuit.num_qubits, circuit.num_qubits)
        place = {qubit: place for place, qubit in enumerate(circuit.qubits)}
        for item in circuit.data:
            if item.operation.name != "barrier":
                for one, other in combinations(item.qubits, 2):
                    shadow.append(RZZGate(0.3), [place[one], place[other]])
        shadow.barrier()
        shadow.measure(shadow.qubits, shadow.clbits)
        found = self._transpiled(shadow, self._places(shadow))
        measured = {i.clbits[0]: i.qubits[0] for i in found.data if i.operation.name == "measure"}
        return [found.find_bit(measured[clbit]).index for clbit in found.clbits]

    def _add_piece(self, made: QuantumCircuit, steps: list[_Step]) -> None:
        if self.coupling_map is not None:
            steps = [part for step in steps for part in self._routed(step)]
        used = sorted({place for step in steps for place in step.places})
        directions: dict[str, Any] = {}
        if not self._is_symmetric:
            used = list(range(made.num_qubits))
            directions["coupling_map"] = self._coupling
        piece = _empty(made, len(used))
        if directions:
            directions["initial_layout"] = Layout(dict(zip(piece.qubits, used)))
        piece.barrier()  # otherwise terra would remove initial resets
        for step in steps:
            qubits = [piece.qubits[used.index(place)] for place in step.places]
            piece._append(step.operation, qubits, step.clbits)
        fitted = self._transpiled(self._without_swaps(piece, wires_may_move=False), directions)
        there = {qubit: made.qubits[place] for qubit, place in zip(fitted.qubits, used)}
        for item in fitted.data[1:]:
            made._append(item.operation, [there[qubit] for qubit in item.qubits], item.clbits)

    def _routed(self, step: _Step) -> list[_Step]:
        """Surround a step by swaps there and back if its qubits are not coupled."""
        if step.operation.name == "barrier" or len(step.places) < 2:
            return [step]
        first, second = step.places
        path = self._coupling.shortest_undirected_path(first, second)
        there = [
            _Step(CXGate(), pair, ())
            for one, other in zip(path, path[1:-1])
            for pair in ((one, other), (other, one), (one, other))
        ]
        moved = step._replace(places=(path[-2], second))
        return [*there, moved, *reversed(there)]

    @cached_property
    def _basis(self) -> list[str]:
        """Basis gates; for directed couplings, without those that terra cannot reverse."""
        if self._is_symmetric:
            return self.basis_gates
        return [name for name in self.basis_gates if name not in _ONE_WAY]

    @cached_property
    def _is_symmetric(self) -> bool:
        pairs = {tuple(pair) for pair in self.coupling_map or []}
        return all((other, one) in pairs for one, other in pairs)


class _Step(NamedTuple):
    operation: Any
    places: tuple[int, ...]
    clbits: Sequence[Any]


def _empty(circuit: QuantumCircuit, width: int) -> QuantumCircuit:
    """Return an empty circuit with ``width`` qubits and the classical bits of another."""
    made = QuantumCircuit(QuantumRegister(width, "q"), circuit.clbits, name=circuit.name)
    for register in circuit.cregs:
        made.add_register(register)
    made.global_phase, made.metadata = circuit.global_phase, circuit.metadata
    return made


class _Opaque(Instruction):  # type: ignore[misc]  # terra ships no types
    """Opaque instruction, across which terra moves no gates."""

    _directive = True


def _hidden(
    circuit: QuantumCircuit, names: Iterable[str]
) -> tuple[QuantumCircuit, dict[str, Instruction]]:
    """Replace some instructions by opaque ones; return the circuit and the originals by name."""
    names = CHANNELS.union(names)
    if not any(_name(item) in names for item in circuit.data):
        return circuit, {}
    kept: dict[str, Instruction] = {}
    hidden = circuit.copy_empty_like()
    for item in circuit.data:
        operation = item.operation
        if _name(item) in names:
            name = f"kept_{len(kept)}"
            kept[name] = operation
            operation = _Opaque(name, operation.num_qubits, operation.num_clbits, [])
        hidden._append(operation, item.qubits, item.clbits)
    return hidden, kept


def _name(item: Any) -> str:
    return str(item.operation.label or item.operation.name)


def _shown(circuit: QuantumCircuit, kept: dict[str, Instruction]) -> QuantumCircuit:
    shown = circuit.copy_empty_like()
    for item in circuit.data:
        operation = kept.get(item.operation.name, item.operation)
        shown._append(operation, item.qubits, item.clbits)
    return shown


def _drop_commutative_cancellation(optimization: Any) -> None:
    for step in optimization.passes() if optimization is not None else ():
        step["passes"][:] = [
            each for each in step["passes"] if not isinstance(each, CommutativeCancellation)
        ]


def _without_swaps(circuit: QuantumCircuit, *, wires_may_move: bool) -> QuantumCircuit:
    """Replace swaps by cx gates, or by exchanging wires if ``wires_may_move``."""
    if not any(item.operation.name == "swap" for item in circuit.data):
        return circuit
    made = circuit.copy_empty_like()
    wires = {qubit: qubit for qubit in circuit.qubits}
    for item in circuit.data:
        qubits = [wires[qubit] for qubit in item.qubits]
        if not isinstance(item.operation, SwapGate):
            made._append(item.operation, qubits, item.clbits)
        elif wires_may_move and item.operation.condition is None:
            one, other = item.qubits
            wires[one], wires[other] = wires[other], wires[one]
        else:
            for pair in (qubits, qubits[::-1], qubits):
                gate = CXGate()
                if item.operation.condition is not None:
                    gate = gate.c_if(*item.operation.condition)
                made._append(gate, pair, [])
    return made
