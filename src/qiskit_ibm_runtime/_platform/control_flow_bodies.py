"""Translation of gates that terra's transpiler leaves untranslated in control-flow bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit import transpile
from qiskit.transpiler import CouplingMap
from qiskit.transpiler.exceptions import TranspilerError

from qiskit_ibm_runtime._circuits import form
from qiskit_ibm_runtime._circuits.builder import to_circuit
from qiskit_ibm_runtime._circuits.normalizer import normal_form
from qiskit_ibm_runtime.exceptions import IBMInputValueError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .device import Device

_EVERYWHERE = ("barrier", "delay", "measure", "reset")


def translate_bodies(circuit: form.Circuit, device: Device) -> form.Circuit:
    """Return a transpiled circuit with its control-flow bodies in the device's instructions.

    Raises:
        IBMInputValueError: If a gate in a body acts on qubits that are not coupled.
    """
    if not any(item.operation.bodies for item in circuit.instructions):
        return circuit
    return _BodyTranslator(circuit.name, device).translate(circuit, range(circuit.qubits))


class _BodyTranslator:
    def __init__(self, name: str, device: Device) -> None:
        self._name, self._device = name, device

    def translate(self, circuit: form.Circuit, qubits: Sequence[int]) -> form.Circuit:
        """Translate the bodies of a circuit; its other instructions are unchanged."""
        items = (self._flow(item, qubits) for item in circuit.instructions)
        return circuit._replace(instructions=tuple(items))

    def _flow(self, item: form.Instruction, qubits: Sequence[int]) -> form.Instruction:
        operation = item.operation
        if not operation.bodies:
            return item
        where = [qubits[place] for place in item.qubits]
        bodies = tuple(self._body(body, where) for body in operation.bodies)
        return item._replace(operation=operation._replace(bodies=bodies))

    def _body(self, circuit: form.Circuit, qubits: Sequence[int]) -> form.Circuit:
        items = [new for item in circuit.instructions for new in self._items(item, qubits)]
        return circuit._replace(instructions=tuple(items))

    def _items(self, item: form.Instruction, qubits: Sequence[int]) -> Iterator[form.Instruction]:
        if item.operation.bodies:
            yield self._flow(item, qubits)
            return
        where = tuple(qubits[place] for place in item.qubits)
        if self._fits(item.operation.name, where):
            yield item
            return
        for step in self._translated(item.operation, where).instructions:
            places = tuple(item.qubits[place] for place in step.qubits)
            yield step._replace(qubits=places, condition=item.condition)

    def _fits(self, name: str, where: tuple[int, ...]) -> bool:
        if name in _EVERYWHERE:
            return True
        places = self._device.places_of(name)
        return places is None or (places is not False and where in places)

    def _translated(self, operation: form.Operation, where: tuple[int, ...]) -> form.Circuit:
        count = len(where)
        alone = form.Instruction(operation, tuple(range(count)), ())
        circuit = to_circuit(form.Circuit(self._name, count, 0, (), 0.0, (alone,), {}))
        target = self._device.target
        basis = [name for name in target.operation_names if name not in (*_EVERYWHERE, "if_else")]
        inner = {qubit: place for place, qubit in enumerate(where)}
        edges = [
            [inner[one], inner[other]]
            for one, other in target.build_coupling_map() or ()
            if one in inner and other in inner
        ]
        try:
            made = transpile(
                circuit,
                basis_gates=basis,
                coupling_map=CouplingMap(edges) if count > 1 else None,
                initial_layout=list(range(count)) if count > 1 else None,
                optimization_level=0,
            )
        except TranspilerError as exc:
            raise IBMInputValueError(
                f"Circuit {self._name!r} applies {operation.name!r} under a condition to qubits "
                f"that are not coupled on {self._device.name!r}. Choose an initial_layout that "
                "couples them, or use only one-qubit gates under conditions."
            ) from exc
        return normal_form(made)
