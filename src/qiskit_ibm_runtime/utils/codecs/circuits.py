"""Circuits, instructions and parameters as text: the QPY of the installed Qiskit."""

from __future__ import annotations

import io
import struct
import uuid

from qiskit import QuantumCircuit, qpy
from qiskit.circuit import ClassicalRegister, Instruction, Parameter, QuantumRegister

from .errors import DecodeError
from .packing import pack, unpack


def circuit_to_text(circuit: QuantumCircuit) -> str:
    """Return a circuit as text."""
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    return pack(buffer.getvalue())


def circuit_from_text(text: object) -> QuantumCircuit:
    """Read a circuit."""
    data = unpack(text)
    try:
        return qpy.load(io.BytesIO(data))[0]
    except Exception as exc:
        raise DecodeError(f"A circuit cannot be read: {exc}") from exc


def instruction_to_text(instruction: Instruction) -> str:
    """Return an instruction as the text of a circuit that holds it alone."""
    circuit = QuantumCircuit()
    qubits = QuantumRegister(instruction.num_qubits, "q")
    clbits = ClassicalRegister(instruction.num_clbits, "c")
    circuit.add_register(qubits, clbits)
    circuit.append(instruction, qubits[:], clbits[:])
    return circuit_to_text(circuit)


def instruction_from_text(text: object) -> Instruction:
    """Read an instruction."""
    return circuit_from_text(text).data[0].operation


_PARAMETER = struct.Struct("!H16s")


def parameter_to_text(parameter: Parameter) -> str:
    """Return a parameter as text: name and identity, as QPY writes them."""
    name = parameter.name.encode()
    identity = getattr(parameter, "_uuid", None) or uuid.uuid4()
    return pack(_PARAMETER.pack(len(name), identity.bytes) + name, compress=False)


def parameter_from_text(text: object) -> Parameter:
    """Read a parameter."""
    data = unpack(text, compressed=False)
    size, identity = _PARAMETER.unpack_from(data)
    name = data[_PARAMETER.size : _PARAMETER.size + size].decode()
    key = uuid.UUID(bytes=identity)
    try:
        return Parameter(name, uuid=key)
    except TypeError:
        parameter = Parameter.__new__(Parameter, name, uuid=key)
        parameter.__init__(name)
        return parameter
