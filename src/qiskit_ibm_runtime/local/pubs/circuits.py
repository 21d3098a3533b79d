"""Circuits of PUBs: QPY in base64 or a text in OpenQASM 3, and the values of their parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import QiskitError
from qiskit.circuit import Gate, QuantumCircuit, library

from qiskit_ibm_runtime._circuits.building import to_circuit
from qiskit_ibm_runtime._circuits.parameters import free_parameters
from qiskit_ibm_runtime._circuits.standard import KNOWN, Family
from qiskit_ibm_runtime.utils.codecs.errors import DecodeError
from qiskit_ibm_runtime.utils.codecs.packing import unpack

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
    for kind, its in KNOWN.items()
    if its.family is Family.STANDARD and kind not in ("C3XGate", "C4XGate")
}


@dataclass(frozen=True)
class PubCircuit:
    """A circuit, and how the values that are sent become its angles.

    Attributes:
        circuit: What is run. Its parameters are angles, one for each different expression.
        names: Names of the parameters that values are sent for, in the order of the values.
        formulas: The expression of each angle, by the keys in ``keys``.
        keys: What formulas call each parameter; empty if the circuit has the parameters itself.
    """

    circuit: QuantumCircuit
    names: tuple[str, ...]
    formulas: Mapping[Parameter, Formula] = field(default_factory=dict)
    keys: tuple[bytes, ...] = ()

    def angles(self, values: Array) -> list[dict[Any, float]]:
        """What to bind, for each row of values of shape (rows, parameters)."""
        if not self.names:
            return [{} for _ in values]
        if not self.keys:
            return [dict(zip(free_parameters(self.circuit), row)) for row in values.tolist()]
        columns = dict(zip(self.keys, values.T))
        there = set(self.circuit.parameters)
        found = {
            angle: formula.evaluate(columns)
            for angle, formula in self.formulas.items()
            if angle in there
        }
        return [
            {angle: float(of[row]) for angle, of in found.items()} for row in range(len(values))
        ]

    @property
    def notes(self) -> dict[str, Any]:
        """The metadata of the circuit."""
        return self.circuit.metadata or {}


def from_json(value: Any) -> PubCircuit:
    """Read the circuit of a PUB.

    Raises:
        PubError: If it is not one, or holds what is not run.
    """
    if isinstance(value, str):
        return from_qasm(value)
    if not isinstance(value, dict) or value.get("__type__") != "QuantumCircuit":
        raise PubError(
            ENCODING, "A PUB begins with a circuit: QPY in base64, or a text in OpenQASM 3."
        )
    programs = qpy.read(unpacked(value.get("__value__")))
    if len(programs) != 1:
        raise PubError(ENCODING, f"The QPY of a PUB holds one circuit, not {len(programs)}.")
    return from_program(programs[0])


def unpacked(text: object) -> bytes:
    """The bytes of circuits in QPY.

    Raises:
        PubError: If the text is not base64, or what it holds is not compressed with zlib.
    """
    try:
        return unpack(text)
    except (DecodeError, ValueError, TypeError) as error:
        text = f"The circuit is not QPY, compressed with zlib, in base64: {error}"
        raise PubError(ENCODING, text) from error


def from_program(program: qpy.Program) -> PubCircuit:
    """A circuit of QPY.

    Raises:
        PubError: If Qiskit does not take it, or has no conditions of the kind that it has.
    """
    symbols = program.angles.ordered()
    try:
        circuit = to_circuit(program.circuit)
    except ImportError as error:
        text = "Conditions that are expressions need Qiskit Terra 0.25 or newer on the server."
        raise PubError(DYNAMIC, text) from error
    except (QiskitError, ValueError, TypeError) as error:
        raise PubError(ENCODING, f"Qiskit does not take the circuit: {error}") from error
    return PubCircuit(
        circuit,
        tuple(symbol.name for symbol in symbols),
        program.angles.formulas,
        tuple(symbol.uuid for symbol in symbols),
    )


def from_qasm(text: str) -> PubCircuit:
    """A circuit of OpenQASM 3.

    Raises:
        PubError: If it cannot be read.
    """
    from qiskit_qasm3_import import parse

    if len(text) > LONGEST_QASM:
        raise PubError(QASM, f"A circuit in OpenQASM 3 has at most {LONGEST_QASM} characters.")
    for size in _SIZES.findall(text):
        if not size.strip().isdecimal() or int(size) > qpy.MOST_BITS:
            raise PubError(QASM, f"A register of OpenQASM 3 has 1 to {qpy.MOST_BITS} bits.")
    try:
        circuit = parse(text)
    except Exception as error:
        raise PubError(QASM, f"The OpenQASM 3 of a circuit cannot be read: {error}") from error
    circuit = _in_gates_of_qiskit(circuit)
    return PubCircuit(circuit, tuple(one.name for one in free_parameters(circuit)))


def _in_gates_of_qiskit(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit with Qiskit's gates for those that it defines under their names.

    Gates that OpenQASM does not know, such as ``ecr``, come with a definition; a device runs its
    own gate of that name.
    """
    made = circuit.copy_empty_like()
    for item in circuit.data:
        operation, kind = item.operation, _STANDARD_BY_NAME.get(item.operation.name)
        if type(operation) is Gate and kind is not None:
            its = KNOWN[kind]
            if len(operation.params) == its.parameters:
                gate = getattr(library, kind)(*operation.params)
                if gate.num_qubits == operation.num_qubits:
                    item = item.replace(operation=gate)  # noqa: PLW2901 - the same place
        made._append(item)
    return made
