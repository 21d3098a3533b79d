"""Exact probabilities and expectation values, for ``shots=None`` on a noiseless simulator."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

import numpy as np
from qiskit import QiskitError, QuantumCircuit
from qiskit.circuit import Gate
from qiskit.quantum_info import Clifford, PauliList, SparsePauliOp

from . import states
from .sweeps import Sweep

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .sweeps import Point
    from .transpiling_backend import TranspilingBackend

LEAST = 1e-12
"""Threshold below which probabilities are considered rounding errors."""
WIDEST = 24
"""Limit on the measured bits of a complete distribution."""
DENSE = 16
"""Number of qubits up to which a state vector is used, even if other representations fit."""
AMPLITUDES = 2**20
"""Limit on the amplitudes of all states in memory at once."""
PAIRS = 10_000
"""Limit on the pairs of terms up to which the square of an operator is expanded."""

_SILENT = {"barrier", "delay", "id"}
_NOTHING = {*_SILENT, "measure", "reset"}
"""Instructions that do not change the state of such a circuit."""


def is_possible(machine: TranspilingBackend, circuits: list[QuantumCircuit]) -> bool:
    """Return whether the final states of the circuits are deterministic.

    Raises:
        ValueError: If the backend only approximates states.
    """
    if machine.backend.method == "extended_stabilizer":
        raise ValueError(
            f"{machine.name} approximates states and has no exact values. Set a number of shots, "
            "or use simulator_statevector or simulator_mps."
        )
    different = {id(circuit): circuit for circuit in circuits}.values()
    return not machine.noisy and all(map(has_one_ending, different))


def has_one_ending(circuit: QuantumCircuit) -> bool:
    """Return whether all measurements are final, and all resets act on untouched qubits."""
    touched: set[Any] = set()
    measured: set[Any] = set()
    for item in circuit.data:
        operation, qubits = item.operation, set(item.qubits)
        if operation.name == "barrier" or (operation.name == "reset" and not touched & qubits):
            continue
        if getattr(operation, "condition", None) is not None or measured & qubits:
            return False
        if operation.name == "measure":
            measured |= qubits
        elif operation.name in {"initialize", "reset"}:
            if touched & qubits:
                return False
        elif not _is_unitary(operation):
            return False
        touched |= qubits
    return True


def is_drawn_at_the_end(circuit: QuantumCircuit) -> bool:
    """Return whether Aer, without noise, samples all shots of a circuit from one state.

    Aer simulates each shot if there are resets, or initializations after other instructions.
    """
    names = [item.operation.name for item in circuit.data if item.operation.name != "barrier"]
    first = names.index("measure") if "measure" in names else len(names)
    return (
        set(names[first:]) <= {"measure"}
        and not {"initialize", "reset"}.intersection(names)
        and has_one_ending(circuit)
    )


def _is_unitary(operation: Any) -> bool:
    if isinstance(operation, Gate) or operation.name in _SILENT:
        return True
    definition = getattr(operation, "definition", None)
    return (
        definition is not None
        and not definition.num_clbits
        and all(_is_unitary(item.operation) for item in definition.data)
    )


def distributions(
    machine: TranspilingBackend, circuits: list[QuantumCircuit], points: Sequence[Point]
) -> list[dict[str, float]]:
    """Return the probability of each bit string (over all clbits), for each circuit and point."""
    saving = {id(circuit): _saving(circuit) for circuit in circuits}
    runs = [saving[id(circuit)] for circuit in circuits]
    saved = machine.data([plain for plain, _ in runs], points=points)
    return [
        _listed(data["probabilities"], clbits, plain.num_clbits)
        for data, (plain, clbits) in zip(saved, runs)
    ]


def _saving(circuit: QuantumCircuit) -> tuple[QuantumCircuit, list[int]]:
    """Return a circuit that saves probabilities instead of measuring, and the measured clbits."""
    clbits = {
        circuit.find_bit(item.clbits[0]).index: item.qubits[0]
        for item in circuit.data
        if item.operation.name == "measure"
    }
    if len(clbits) > WIDEST:
        raise ValueError(
            f"Circuit {circuit.name!r} measures {len(clbits)} bits, and the limit without shots is "
            f"{WIDEST}. Set a number of shots."
        )
    plain = _without_measurements(circuit)
    # As a dict, because the array of Aer 0.12 is wrong with numpy 2.
    plain.save_probabilities_dict([plain.find_bit(qubit).index for qubit in clbits.values()])
    return plain, list(clbits)


def _listed(probabilities: dict[int, float], clbits: list[int], width: int) -> dict[str, float]:
    listed: dict[str, float] = {}
    for value, probability in probabilities.items():
        if probability < LEAST:
            continue
        bits = ["0"] * width
        for place, clbit in enumerate(clbits):
            bits[width - 1 - clbit] = str(value >> place & 1)
        key = "".join(bits)
        listed[key] = listed.get(key, 0.0) + float(probability)
    return listed


@dataclass(frozen=True)
class State:
    """Final state of a circuit.

    Attributes:
        qubits: Qubits of the state; all others are in the ground state.
        moments: Returns the moments of an operator on these qubits.
    """

    qubits: list[int]
    moments: Callable[[SparsePauliOp], states.Moments]

    @classmethod
    def of(cls, machine: TranspilingBackend, circuit: QuantumCircuit) -> State:
        """Compute the state of a circuit without parameters, in a suitable representation."""
        qubits, plain = _compacted(circuit)
        method = machine.backend.method
        if method == "stabilizer" or (method == "automatic" and len(qubits) > DENSE):
            clifford = _clifford(plain)
            if clifford is not None:
                return cls(qubits, partial(states.stabilizer_moments, clifford))
        if method == "matrix_product_state" and len(qubits) > DENSE:
            return cls(qubits, partial(_by_aer, machine, plain))
        plain.save_statevector()
        return cls.from_vector(qubits, machine.data([plain])[0])

    @classmethod
    def from_vector(cls, qubits: list[int], saved: dict[str, Any]) -> State:
        """Return the state for a state vector saved by Aer."""
        vector = np.asarray(saved["statevector"])
        if vector.strides != (vector.itemsize,):  # Aer 0.12 sets wrong strides with numpy 2
            vector = np.lib.stride_tricks.as_strided(vector, strides=(vector.itemsize,))
        return cls(qubits, partial(states.statevector_moments, vector))

    def value(self, operator: SparsePauliOp, positions: list[int]) -> tuple[complex, float | None]:
        """Return the expectation value and the variance of an operator.

        The variance is ``None`` for a wide matrix product state if the operator has too many terms.

        Args:
            operator: Operator on any number of qubits.
            positions: Position of each of its qubits.
        """
        mean, square = 0j, 0.0
        for is_ground, part in self._on_own_qubits(operator, positions):
            part_mean, part_square = self.moments(part)
            mean += part_mean if is_ground else 0
            square += part_square
        return mean, max(0.0, square - abs(mean) ** 2) if np.isfinite(square) else None

    def _on_own_qubits(
        self, operator: SparsePauliOp, positions: list[int]
    ) -> list[tuple[bool, SparsePauliOp]]:
        """Split an operator by the basis state to which it maps the qubits in the ground state.

        Returns:
            For each such basis state, whether it is the ground state, and the part of the operator
            on the other qubits.
        """
        place = {qubit: number for number, qubit in enumerate(self.qubits)}
        own = [number for number, where in enumerate(positions) if where in place]
        idle = [number for number, where in enumerate(positions) if where not in place]
        shape = (len(operator), len(self.qubits))
        x, z = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
        columns = [place[positions[number]] for number in own]
        x[:, columns], z[:, columns] = operator.paulis.x[:, own], operator.paulis.z[:, own]
        flips = operator.paulis.x[:, idle]
        coefficients = operator.coeffs * 1j ** (flips & operator.paulis.z[:, idle]).sum(axis=1)
        endings, which = np.unique(flips, axis=0, return_inverse=True)
        return [
            (
                not ending.any(),
                SparsePauliOp(PauliList.from_symplectic(z[mine], x[mine]), coefficients[mine]),
            )
            for number, ending in enumerate(endings)
            for mine in [which.ravel() == number]
        ]


def states_at(
    machine: TranspilingBackend, circuit: QuantumCircuit, points: Sequence[Point]
) -> Iterator[State]:
    """Yield the state of a circuit at each point, in order.

    Raises:
        RuntimeError: If the circuit cannot be simulated.
    """
    qubits, plain = _compacted(circuit)
    if len(qubits) > DENSE or machine.backend.method == "stabilizer":
        for bound in Sweep(circuit, points).bind():
            yield State.of(machine, bound)
        return
    plain.save_statevector()
    at_once = AMPLITUDES >> len(qubits)
    for first in range(0, len(points), at_once):
        some = points[first : first + at_once]
        for saved in machine.data([plain] * len(some), points=some):
            yield State.from_vector(qubits, saved)


def _compacted(circuit: QuantumCircuit) -> tuple[list[int], QuantumCircuit]:
    """Return the qubits on which gates act, and the circuit restricted to them."""
    kept = [item for item in circuit.data if item.operation.name not in _NOTHING]
    used = {circuit.find_bit(qubit).index for item in kept for qubit in item.qubits}
    qubits = sorted(used) or [0]
    place = {qubit: number for number, qubit in enumerate(qubits)}
    plain = QuantumCircuit(len(qubits))
    for item in kept:
        plain.append(
            item.operation, [place[circuit.find_bit(qubit).index] for qubit in item.qubits]
        )
    return qubits, plain


def _clifford(circuit: QuantumCircuit) -> Clifford | None:
    try:
        return Clifford(circuit)
    except QiskitError:
        return None


def _by_aer(
    machine: TranspilingBackend, circuit: QuantumCircuit, operator: SparsePauliOp
) -> states.Moments:
    """Compute moments in a matrix product state; the second is infinite with too many terms."""
    asked = {
        "real": SparsePauliOp(operator.paulis, operator.coeffs.real),
        "imaginary": SparsePauliOp(operator.paulis, operator.coeffs.imag),
    }
    if len(operator) ** 2 <= PAIRS:
        square = operator.adjoint().dot(operator)
        asked["square"] = SparsePauliOp(square.paulis, square.coeffs.real)
    measured = circuit.copy()
    for label, real in asked.items():
        # Save single numbers, because arrays of Aer 0.12 are wrong with numpy 2.
        measured.save_expectation_value(real, circuit.qubits, label=label)
    data = machine.data([measured])[0]
    return complex(data["real"], data["imaginary"]), float(data.get("square", np.inf))


def _without_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    empty = circuit.copy_empty_like()
    for item in circuit.data:
        if item.operation.name != "measure":
            empty.append(item.operation, item.qubits, item.clbits)
    return empty
