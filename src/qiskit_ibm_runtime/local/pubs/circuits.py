"""Circuits of PUBs, in QPY or OpenQASM 3, and values for their parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import QiskitError
from qiskit.circuit import Gate, QuantumCircuit, library

from qiskit_ibm_runtime._circuits.builder import to_circuit
from qiskit_ibm_runtime._circuits.dataflow import free_parameters
from qiskit_ibm_runtime._circuits.form import OPERATION_CLASSES, Family
from qiskit_ibm_runtime._codecs.packing import unpack
from qiskit_ibm_runtime.exceptions import DecodeError

from . import qpy
from .errors import DYNAMIC, ENCODING, QASM, PubError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qiskit.circuit import Parameter

    from .qpy.angles import Formula

Array = np.ndarray[Any, Any]
LONGEST_QASM = 2**23
_SIZES = re.compile(r"\b(?:qubit|bit|qreg|creg)\b[^;\[]*\[([^\]]*)\]")
_STANDARD_BY_NAME = {
    its.name: kind
    for kind, its in OPERATION_CLASSES.items()
    if its.family is Family.STANDARD and kind not in ("C3XGate", "C4XGate")
}


@dataclass(frozen=True)
class PubCircuit:
    """A circuit, and the map from parameter values to its angles.

    Attributes:
        circuit: The circuit; it has one parameter for each distinct angle expression.
        names: Names of the parameters of the PUB, in the order of their values.
        formulas: Expression of each parameter of ``circuit``.
        keys: Key of each parameter in the formulas; empty if ``circuit`` has the parameters of the
            PUB themselves.
    """

    circuit: QuantumCircuit
    names: tuple[str, ...]
    formulas: Mapping[Parameter, Formula] = field(default_factory=dict)
    keys: tuple[bytes, ...] = ()

    def angles(self, values: Array) -> list[dict[Any, float]]:
        """Return the assignments for each row of values of shape (rows, parameters)."""
        if not self.names:
            return [{} for _ in values]
        if not self.keys:
            return [dict(zip(free_parameters(self.circuit), row)) for row in values.tolist()]
        columns = dict(zip(self.keys, values.T))
        used = set(self.circuit.parameters)
        found = {
            angle: formula.evaluate(columns)
            for angle, formula in self.formulas.items()
            if angle in used
        }
        return [
            {angle: float(of[row]) for angle, of in found.items()} for row in range(len(values))
        ]

    @property
    def notes(self) -> dict[str, Any]:
        """Metadata of the circuit."""
        return self.circuit.metadata or {}


def from_json(value: Any) -> PubCircuit:
    """Read the circuit of a PUB.

    Raises:
        PubError: If it cannot be read, or has unsupported instructions.
    """
    if isinstance(value, str):
        return from_qasm(value)
    if not isinstance(value, dict) or value.get("__type__") != "QuantumCircuit":
        raise PubError(
            ENCODING, "The first element of a PUB must be a circuit, in QPY or OpenQASM 3."
        )
    programs = qpy.read(unpacked(value.get("__value__")))
    if len(programs) != 1:
        raise PubError(ENCODING, f"The QPY of a PUB must have one circuit, not {len(programs)}.")
    return from_program(programs[0])


def unpacked(text: object) -> bytes:
    """Decode base64 and zlib.

    Raises:
        PubError: If the text is not base64 of zlib data.
    """
    try:
        return unpack(text)
    except (DecodeError, ValueError, TypeError) as error:
        text = f"The circuit must be base64 of QPY compressed with zlib: {error}"
        raise PubError(ENCODING, text) from error


def from_program(program: qpy.Program) -> PubCircuit:
    """Build a circuit read from QPY.

    Raises:
        PubError: If the installed Qiskit cannot represent it.
    """
    symbols = program.angles.ordered()
    try:
        circuit = to_circuit(program.circuit)
    except ImportError as error:
        text = (
            "Classical expressions in conditions require Qiskit Terra 0.25 or later on the server."
        )
        raise PubError(DYNAMIC, text) from error
    except (QiskitError, ValueError, TypeError) as error:
        raise PubError(ENCODING, f"Invalid circuit: {error}") from error
    return PubCircuit(
        circuit,
        tuple(symbol.name for symbol in symbols),
        program.angles.formulas,
        tuple(symbol.uuid for symbol in symbols),
    )


def from_qasm(text: str) -> PubCircuit:
    """Build a circuit from OpenQASM 3.

    Raises:
        PubError: If it cannot be read.
    """
    from qiskit_qasm3_import import parse

    if len(text) > LONGEST_QASM:
        raise PubError(QASM, f"OpenQASM 3 source is limited to {LONGEST_QASM} characters.")
    for size in _SIZES.findall(text):
        if not size.strip().isdecimal() or int(size) > qpy.MOST_BITS:
            raise PubError(
                QASM,
                f"Register sizes in OpenQASM 3 must be integer literals up to {qpy.MOST_BITS}.",
            )
    try:
        circuit = parse(text)
    except Exception as error:
        raise PubError(QASM, f"Cannot parse OpenQASM 3: {error}") from error
    circuit = _with_standard_gates(circuit)
    return PubCircuit(circuit, tuple(one.name for one in free_parameters(circuit)))


def _with_standard_gates(circuit: QuantumCircuit) -> QuantumCircuit:
    """Replace gates defined in the source by Qiskit's standard gates of the same name.

    Gates missing from the standard OpenQASM library, such as ``ecr``, come with a definition; a
    device runs its native gate of that name.
    """
    made = circuit.copy_empty_like()
    for item in circuit.data:
        operation, kind = item.operation, _STANDARD_BY_NAME.get(item.operation.name)
        if type(operation) is Gate and kind is not None:
            its = OPERATION_CLASSES[kind]
            if len(operation.params) == its.parameters:
                gate = getattr(library, kind)(*operation.params)
                if gate.num_qubits == operation.num_qubits:
                    item = item.replace(operation=gate)  # noqa: PLW2901 - the same place
        made._append(item)
    return made
