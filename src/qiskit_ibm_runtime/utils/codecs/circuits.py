"""Circuits and instructions as text: the QPY of the installed Qiskit."""

from __future__ import annotations

import io
import logging
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from threading import local
from typing import TYPE_CHECKING
from weakref import ref

from qiskit import QuantumCircuit, qpy
from qiskit.circuit import ClassicalRegister, Instruction, QuantumRegister

from .budget import budget
from .contents import Contents, look
from .errors import DecodeError, EncodeError
from .faithful import difference
from .packing import pack, unpack
from .reading import read_circuit
from .renaming import renamed

if TYPE_CHECKING:
    import json
    from collections.abc import Iterator


logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Sent:
    """A circuit that was encoded, and what it held then. The circuit itself is not kept alive."""

    circuit: ref[QuantumCircuit]
    contents: Contents
    text: str


# By the identity of the circuit. Single operations on a dict are atomic, and a lost race costs no
# more than one encoding, so that threads need no lock; one would be taken inside the garbage
# collector too.
_sent: dict[int, _Sent] = {}
_payload = local()


@contextmanager
def one_payload() -> Iterator[None]:
    """Encode each circuit object once while the block lasts, whatever it holds."""
    if getattr(_payload, "written", None) is not None:
        yield
        return
    _payload.written = {}
    try:
        yield
    finally:
        _payload.written = None


def circuit_to_text(circuit: QuantumCircuit) -> str:
    """Return a circuit as text; an object that was encoded before and is unchanged costs little.

    Raises:
        EncodeError: If Qiskit cannot write the circuit, or would read something else.
    """
    written = getattr(_payload, "written", None)
    if written is None:
        return _remembered(circuit)
    key = id(circuit)
    if key not in written:
        written[key] = (circuit, _remembered(circuit))
    text: str = written[key][1]
    return text


def _remembered(circuit: QuantumCircuit) -> str:
    contents = look(circuit, _serializer())
    key, snapshot = id(circuit), contents.snapshot
    known = _sent.get(key)
    if (
        known is not None
        and known.circuit() is circuit
        and snapshot is not None
        and known.contents.snapshot == snapshot
    ):
        return known.text
    text = _write(circuit, contents)
    if snapshot is not None:
        _sent[key] = _Sent(ref(circuit, lambda dead: _forget(key, dead)), contents, text)
    return text


def _forget(key: int, dead: ref[QuantumCircuit]) -> None:
    known = _sent.get(key)
    if known is not None and known.circuit is dead:
        _sent.pop(key, None)


def _write(circuit: QuantumCircuit, contents: Contents) -> str:
    try:
        data = _dump(circuit)
    except Exception as exc:
        reason = f"{type(exc).__name__}: {exc}"
        raise EncodeError(f"Circuit {circuit.name!r} cannot be written: {reason}") from exc
    if not contents.plain:
        data = _faithful(circuit, data)
    return pack(data)


def _dump(circuit: QuantumCircuit) -> memoryview:
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer, _serializer())
    return buffer.getbuffer()


def _faithful(circuit: QuantumCircuit, data: memoryview) -> memoryview:
    """Read back what holds more than standard gates: QPY has gaps, others in each terra.

    Where names clash, the circuit is written with private ones.
    """
    lost = _loss(circuit, data)
    if not lost:
        return data
    for wrapped in (False, True):
        try:
            copy = renamed(circuit, wrapped=wrapped)
            if copy is None:
                continue
            data = _dump(copy)
        except Exception:  # classes of users may not let themselves be copied
            logger.debug("Circuit %r cannot be given private names.", circuit.name, exc_info=True)
            continue
        lost = _loss(circuit, data)
        if not lost:
            return data
    raise EncodeError(
        f"Circuit {circuit.name!r} would not arrive as it is, because the installed Qiskit "
        f"writes it in a form that it reads differently: {lost} Try circuit.decompose(), or "
        "give gates with different definitions different names."
    )


def _loss(circuit: QuantumCircuit, data: memoryview) -> str:
    try:
        return difference(circuit, read_circuit(bytes(data), _deserializer()))
    except DecodeError as exc:
        return str(exc.message)


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
    return _write(circuit, look(circuit))


def instruction_from_text(text: object) -> Instruction:
    """Read an instruction."""
    data = circuit_from_text(text).data
    if len(data) != 1:
        raise DecodeError(f"An instruction came as {len(data)} instructions.")
    return data[0].operation
