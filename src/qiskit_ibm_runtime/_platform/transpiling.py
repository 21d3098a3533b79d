"""Transpilation of the user's circuits to ISA circuits, with the installed terra."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qiskit import ClassicalRegister, QuantumCircuit, transpile
from qiskit.circuit import ControlFlowOp, Measure
from qiskit.circuit.library import IGate
from qiskit.transpiler.exceptions import TranspilerError

from qiskit_ibm_runtime._circuits.dataflow import unread_measurements
from qiskit_ibm_runtime._circuits.normalizer import normal_form
from qiskit_ibm_runtime._circuits.qpy_writer import to_qpy
from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.utils.json import RuntimeEncoder

from .control_flow_bodies import translate_bodies
from .isa import Isa, Registers, check_fits, each_step, to_isa

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qiskit_ibm_runtime._circuits import form

    from .device import Device

logger = logging.getLogger(__name__)
_PASSED_ON = ("layout_method", "routing_method", "approximation_degree")


@dataclass(frozen=True)
class Transpiled:
    """A circuit transpiled for a device.

    Attributes:
        isa: The ISA circuit.
        positions: For an estimator, the final device qubit of each qubit of the user's circuit.
        places: For each classical bit of the user's circuit, its index in ``isa``.
    """

    isa: Isa
    positions: tuple[int, ...]
    places: tuple[int, ...]


class Transpiler:
    """Transpile the circuits of one run.

    Args:
        device: The device to transpile for.
        settings: Transpilation settings, as in the program inputs.
        estimated: Whether the circuits are for an estimator, which takes no measurements.
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
        """Transpile a circuit, or return the cached result for an equal one.

        Raises:
            IBMInputValueError: If the device cannot run it.
        """
        anonymous = normal_form(circuit)._replace(name="", metadata=None)
        digest = hashlib.blake2b(to_qpy(anonymous, RuntimeEncoder)).digest()
        options = repr((sorted(self._options.items()), self._layout, self._skip, self._estimated))
        found: Transpiled | None = self._device.cached((digest, options))
        if found is None:
            circuit = _without_identities(circuit)
            found = self._without_transpilation(circuit) if self._skip else self._transpile(circuit)
            self._device.cache((digest, options), found)
        return found

    def _without_transpilation(self, circuit: QuantumCircuit) -> Transpiled:
        made = _without_final_measurements(circuit) if self._estimated else circuit
        found = normal_form(made)
        isa = self._lower(found)
        check_fits(isa, self._device.places_of, self._device.name)
        return self._checked(isa, tuple(range(circuit.num_qubits)), found, circuit)

    def _transpile(self, circuit: QuantumCircuit) -> Transpiled:
        if self._estimated:
            bits = circuit.num_clbits
            made = self._transpile_with_terra(_track_qubits(_without_final_measurements(circuit)))
            found, positions = _strip_tracking(normal_form(made), bits, circuit.num_qubits)
        else:
            found, positions = (
                normal_form(self._transpile_with_terra(_with_barrier_before_measurements(circuit))),
                (),
            )
            found = translate_bodies(found, self._device)
        return self._checked(self._lower(found), positions, found, circuit)

    def _transpile_with_terra(self, circuit: QuantumCircuit) -> QuantumCircuit:
        layout = self._layout
        if isinstance(layout, dict):
            layout = [layout.get(n, layout.get(str(n))) for n in range(circuit.num_qubits)]
        options = {**self._options, "initial_layout": layout or None}
        level = options.pop("optimization_level")
        try:
            return self._at_level(circuit, level, options)
        except TranspilerError as exc:
            if level <= 1:
                raise self._error(circuit, exc) from exc
            # Terra before 0.24 does not support conditions at higher levels, and may not terminate.
            logger.info("Falling back to level 1 for circuit %r: %s", circuit.name, exc.message)
        try:
            return self._at_level(circuit, 1, options)
        except TranspilerError as exc:
            raise self._error(circuit, exc) from exc

    def _at_level(self, circuit: QuantumCircuit, level: int, options: Any) -> QuantumCircuit:
        return transpile(circuit, target=self._device.target, optimization_level=level, **options)

    def _error(self, circuit: QuantumCircuit, error: TranspilerError) -> IBMInputValueError:
        return IBMInputValueError(
            f"Cannot transpile circuit {circuit.name!r} for {self._device.name!r}: {error.message}"
        )

    def _lower(self, circuit: form.Circuit) -> Isa:
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
                f"Circuit {circuit.name!r} has mid-circuit measurements or conditions, which the "
                "Estimator of IBM Quantum Platform does not support. Use the Sampler, or "
                "channel='local'."
            )
        return Transpiled(isa._replace(registers=()), positions, ())


def _without_identities(circuit: QuantumCircuit) -> QuantumCircuit:
    """Remove identity gates, for which terra 0.23 finds no translation."""
    if not any(isinstance(item.operation, IGate) for item in circuit.data):
        return circuit
    made = circuit.copy()
    made.data = [item for item in circuit.data if not isinstance(item.operation, IGate)]
    return made


def _without_final_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    dropped = unread_measurements(circuit)
    if not dropped:
        return circuit
    made = circuit.copy()
    made.data = [item for place, item in enumerate(circuit.data) if place not in dropped]
    return made


def _track_qubits(circuit: QuantumCircuit) -> QuantumCircuit:
    """Append a barrier and a measurement of each qubit, which show where routing leaves it.

    Without them, level 3 drops gates at the end of the circuit that no measurement depends on.
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


def _strip_tracking(
    circuit: form.Circuit, bits: int, qubits: int
) -> tuple[form.Circuit, tuple[int, ...]]:
    """Remove the appended measurements, and return the device qubit of each."""
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


def _with_barrier_before_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    """Add a barrier before the final measurements if terra's level 3 needs one.

    Terra moves a measurement across the SWAP before it, and loses one if a qubit is measured more
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
