"""Circuits and instructions as text: QPY of the version that the installed Qiskit reads."""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from threading import local
from typing import TYPE_CHECKING

from qiskit import QuantumCircuit
from qiskit.circuit import ClassicalRegister, Instruction, QuantumRegister

from qiskit_ibm_runtime._circuits.normal import normal_form
from qiskit_ibm_runtime._circuits.writing import to_qpy
from qiskit_ibm_runtime.exceptions import IBMError

from .budget import budget
from .errors import DecodeError, EncodeError
from .packing import pack, unpack
from .reading import read_circuit

if TYPE_CHECKING:
    import json
    from collections.abc import Iterator

_payload = local()


@contextmanager
def one_payload() -> Iterator[None]:
    """Encode each circuit object once while the block lasts."""
    if getattr(_payload, "written", None) is not None:
        yield
        return
    _payload.written = {}
    try:
        yield
    finally:
        _payload.written = None


def circuit_to_text(circuit: QuantumCircuit) -> str:
    """Return a circuit as text.

    Raises:
        EncodeError: If the circuit holds what cannot travel.
    """
    written = getattr(_payload, "written", None)
    if written is None:
        return pack(content(circuit))
    key = id(circuit)
    if key not in written:
        written[key] = (circuit, pack(content(circuit)))  # held, or its identity would return
    text: str = written[key][1]
    return text


def content(circuit: QuantumCircuit) -> bytes:
    """Return all that is sent of a circuit: circuits are the same if they share it.

    Raises:
        EncodeError: If the circuit holds what cannot travel.
    """
    try:
        return to_qpy(normal_form(circuit), _serializer())
    except IBMError as exc:
        raise EncodeError(exc.message) from exc
    except Exception as exc:  # the definition of a user's gate may raise anything
        reason = f"{type(exc).__name__}: {exc}"
        raise EncodeError(f"Circuit {circuit.name!r} cannot be written: {reason}") from exc


def circuit_from_text(text: object) -> QuantumCircuit:
    """Read a circuit.

    Raises:
        DecodeError: If the text is damaged or holds what no circuit needs.
    """
    return read_circuit(unpack(text), _deserializer())


class CircuitReader:
    """Reads the circuits of one payload: a text that comes again costs no more than a copy."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[QuantumCircuit, int]] = {}

    def __call__(self, text: object) -> QuantumCircuit:
        """Read a circuit, an object of its own each time; see :func:`circuit_from_text`."""
        if isinstance(text, str) and text in self._read:
            circuit, size = self._read[text]
            budget().spend_bytes(size)
            budget().spend_objects(circuit.num_qubits + circuit.num_clbits)
            return circuit_twin(circuit)
        data = unpack(text)
        circuit = read_circuit(data, _deserializer())
        if isinstance(text, str):
            self._read[text] = circuit, len(data)
        return circuit


def circuit_twin(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return an equal circuit that shares nothing with the original that can be changed."""
    twin = circuit.copy()
    twin.metadata = deepcopy(circuit.metadata)
    return twin


def _serializer() -> type[json.JSONEncoder]:
    from qiskit_ibm_runtime.utils.json import RuntimeEncoder

    return RuntimeEncoder


def _deserializer() -> type[json.JSONDecoder]:
    from qiskit_ibm_runtime.utils.json import RuntimeDecoder

    return RuntimeDecoder


def instruction_to_text(instruction: Instruction) -> str:
    """Return an instruction as the text of a circuit that holds it alone."""
    circuit = QuantumCircuit(
        QuantumRegister(instruction.num_qubits, "q"), ClassicalRegister(instruction.num_clbits, "c")
    )
    circuit.append(instruction, circuit.qubits, circuit.clbits)
    return pack(content(circuit))


def instruction_from_text(text: object) -> Instruction:
    """Read an instruction."""
    data = circuit_from_text(text).data
    if len(data) != 1:
        raise DecodeError(f"An instruction came as {len(data)} instructions.")
    return data[0].operation
