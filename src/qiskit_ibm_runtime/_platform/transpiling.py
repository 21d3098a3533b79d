"""From a user's circuit to one in the instructions of a device, by the installed terra."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qiskit import ClassicalRegister, QuantumCircuit, transpile
from qiskit.circuit import ControlFlowOp, Measure
from qiskit.circuit.library import IGate
from qiskit.transpiler.exceptions import TranspilerError

from qiskit_ibm_runtime._circuits.final_measurements import unread_measurements
from qiskit_ibm_runtime._circuits.normal import normal_form
from qiskit_ibm_runtime._circuits.writing import to_qpy
from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.utils.json import RuntimeEncoder

from .bodies import mended
from .isa import Isa, Registers, check_fits, each_step, to_isa

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qiskit_ibm_runtime._circuits import form

    from .device import Device

logger = logging.getLogger(__name__)
_PASSED_ON = ("layout_method", "routing_method", "approximation_degree")


@dataclass(frozen=True)
class Transpiled:
    """A circuit for a device.

    Attributes:
        isa: The circuit.
        positions: Of an estimator's circuit: the qubit of the device on which each of its own
            qubits ends.
        places: For each classical bit of the user's circuit its place among those of ``isa``.
    """

    isa: Isa
    positions: tuple[int, ...]
    places: tuple[int, ...]


class Transpiler:
    """Transpiles the circuits of one run.

    Args:
        device: What for.
        settings: The transpilation settings of the run, in the form in which they are sent.
        estimated: Whether observables are estimated, so that nothing is measured.
    """

    def __init__(self, device: Device, settings: Mapping[str, Any], *, estimated: bool) -> None:
        self._device, self._estimated = device, estimated
        self._skip = bool(settings.get("skip_transpilation"))
        level = (settings.get("optimization_settings") or {}).get("level")
        self._options: dict[str, Any] = {
            name: settings[name] for name in _PASSED_ON if settings.get(name) is not None
        }
        self._options["optimization_level"] = 3 if level is None else int(level)
        self._layout = settings.get("initial_layout")

    def __call__(self, circuit: QuantumCircuit) -> Transpiled:
        """Transpile a circuit, or remember what came of an equal one.

        Raises:
            IBMInputValueError: If the device cannot run it.
        """
        written = normal_form(circuit)
        bare = written._replace(name="", metadata=None)
        digest = hashlib.blake2b(to_qpy(bare, RuntimeEncoder)).digest()
        options = repr((sorted(self._options.items()), self._layout, self._skip, self._estimated))
        found: Transpiled | None = self._device.remembered((digest, options))
        if found is None:
            circuit = _without_identities(circuit)
            found = self._as_is(circuit) if self._skip else self._transpiled(circuit)
            self._device.remember((digest, options), found)
        return found

    def _as_is(self, circuit: QuantumCircuit) -> Transpiled:
        made = _without_last_measurements(circuit) if self._estimated else circuit
        found = normal_form(made)
        isa = self._lowered(found)
        check_fits(isa, self._device.places_of, self._device.name)
        return self._checked(isa, tuple(range(circuit.num_qubits)), found, circuit)

    def _transpiled(self, circuit: QuantumCircuit) -> Transpiled:
        if self._estimated:
            bits = circuit.num_clbits
            made = self._terra(_marked(_without_last_measurements(circuit)))
            found, positions = _unmarked(normal_form(made), bits, circuit.num_qubits)
        else:
            found, positions = normal_form(self._terra(_guarded(circuit))), ()
            found = mended(found, self._device)
        return self._checked(self._lowered(found), positions, found, circuit)

    def _terra(self, circuit: QuantumCircuit) -> QuantumCircuit:
        layout = self._layout
        if isinstance(layout, dict):
            layout = [layout.get(n, layout.get(str(n))) for n in range(circuit.num_qubits)]
        options = {**self._options, "initial_layout": layout or None}
        level = options.pop("optimization_level")
        try:
            return self._at_level(circuit, level, options)
        except TranspilerError as exc:
            if level <= 1:
                raise self._refused(circuit, exc) from exc
            # Terra before 0.24 knows no conditions at higher levels, and may not come to an end.
            logger.info("Circuit %r is transpiled at level 1: %s", circuit.name, exc.message)
        try:
            return self._at_level(circuit, 1, options)
        except TranspilerError as exc:
            raise self._refused(circuit, exc) from exc

    def _at_level(self, circuit: QuantumCircuit, level: int, options: Any) -> QuantumCircuit:
        return transpile(circuit, target=self._device.target, optimization_level=level, **options)

    def _refused(self, circuit: QuantumCircuit, error: TranspilerError) -> IBMInputValueError:
        return IBMInputValueError(
            f"Circuit {circuit.name!r} cannot be transpiled for {self._device.name!r}: "
            f"{error.message}"
        )

    def _lowered(self, circuit: form.Circuit) -> Isa:
        device = self._device
        return to_isa(circuit, device.qubits, device.timing, Registers.of(circuit))

    def _checked(
        self,
        isa: Isa,
        positions: tuple[int, ...],
        found: form.Circuit,
        circuit: QuantumCircuit,
    ) -> Transpiled:
        if not self._estimated:
            return Transpiled(isa, positions, Registers.of(found).places)
        if any(step.name == "measure" or step.bodies for step in each_step(isa.steps)):
            raise IBMInputValueError(
                f"Circuit {circuit.name!r} measures qubits, or has conditions, before its end. The "
                "estimator of IBM's platform of today takes no such circuits; use the Sampler, or "
                "channel='local'."
            )
        return Transpiled(isa._replace(registers=()), positions, ())


def _without_identities(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit without gates that do nothing, which terra 0.23 translates to nothing."""
    if not any(isinstance(item.operation, IGate) for item in circuit.data):
        return circuit
    made = circuit.copy()
    made.data = [item for item in circuit.data if not isinstance(item.operation, IGate)]
    return made


def _without_last_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    dropped = unread_measurements(circuit)
    if not dropped:
        return circuit
    made = circuit.copy()
    made.data = [item for place, item in enumerate(circuit.data) if place not in dropped]
    return made


def _marked(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit with a barrier and a measurement of each qubit behind it.

    They tell where the transpiler leaves each qubit. Without them level 3 takes the end of the
    circuit for measurements, and drops gates there.
    """
    made = circuit.copy()
    taken = {register.name for register in circuit.cregs}
    name = next(f"end{n}" for n in range(len(taken) + 1) if f"end{n}" not in taken)
    ends = ClassicalRegister(circuit.num_qubits, name)
    made.add_register(ends)
    if circuit.num_qubits:
        made.barrier()
        made.measure(made.qubits, list(ends))
    return made


def _unmarked(
    circuit: form.Circuit, bits: int, qubits: int
) -> tuple[form.Circuit, tuple[int, ...]]:
    """Take the measurements of the end off again; return where they were, too."""
    positions, kept = [0] * qubits, []
    for item in circuit.instructions:
        if item.operation.kind == "Measure" and item.clbits[0] >= bits:
            positions[item.clbits[0] - bits] = item.qubits[0]
        else:
            kept.append(item)
    while kept and kept[-1].operation.kind == "Barrier":
        kept.pop()
    registers = tuple(
        each for each in circuit.registers if each.quantum or not any(b >= bits for b in each.bits)
    )
    made = circuit._replace(instructions=tuple(kept), clbits=bits, registers=registers)
    return made, tuple(positions)


def _guarded(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit with a barrier before its last measurements where level 3 needs one.

    Terra moves measurements over a SWAP in front of them, and loses one if a qubit is measured more
    than once.
    """
    measured = [item.qubits[0] for item in circuit.data if isinstance(item.operation, Measure)]
    simple = len(set(measured)) == len(measured) and not any(
        isinstance(item.operation, ControlFlowOp) or getattr(item.operation, "condition", None)
        for item in circuit.data
    )
    if simple:
        return circuit
    last = unread_measurements(circuit)
    made = circuit.copy()
    made.data = [item for place, item in enumerate(circuit.data) if place not in last]
    made.barrier()
    for place in sorted(last):
        item = circuit.data[place]
        made.append(item.operation, item.qubits, item.clbits)
    return made
