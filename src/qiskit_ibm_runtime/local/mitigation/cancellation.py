"""Probabilistic error cancellation (PEC), for resilience level 3 of the Estimator.

Twirling turns the noise of each two-qubit gate into a Pauli channel. The inverse of this channel is
not a physical operation, but a signed sum of Paulis: circuits with randomly inserted Paulis,
weighted by their signs, have the noiseless mean. The variance grows with ``gamma`` squared.
Sources: K. Temme, S. Bravyi and J. M. Gambetta, Phys. Rev. Lett. 119, 180509 (2017),
https://doi.org/10.1103/PhysRevLett.119.180509; E. van den Berg, Z. K. Minev, A. Kandala and K.
Temme, "Probabilistic error cancellation with sparse Pauli-Lindblad models on noisy quantum
processors", Nature Physics 19, 1116 (2023), https://doi.org/10.1038/s41567-023-02042-2. Here the
channel is not learned, but read from the device's noise model.

Paulis are merged into the neighboring single-qubit gates, whose own noise is not canceled.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.quantum_info import PTM, Operator

from qiskit_ibm_runtime.local.simulation.noise import channel, gate_errors

from .pauli_frames import FramedCircuit

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from qiskit_ibm_runtime.local.simulation.observables import Group, Prepared
    from qiskit_ibm_runtime.local.simulation.transpiling_backend import TranspilingBackend

    from .pauli_frames import Merger, Site

Array = np.ndarray[Any, Any]

_MATRICES = [
    np.eye(2),
    np.array([[0, 1], [1, 0]]),
    np.array([[0, -1j], [1j, 0]]),
    np.diag([1, -1]),
]
_PAIRS = list(itertools.product(range(4), repeat=2))
"""Two-qubit Paulis by their index in the PTM: (Pauli on qubit 1, Pauli on qubit 0)."""
_ANTICOMMUTE = np.array([[0 if 0 in (a, b) or a == b else 1 for b in range(4)] for a in range(4)])
_SIGNS = (-1.0) ** np.array(
    [[_ANTICOMMUTE[a[0], b[0]] + _ANTICOMMUTE[a[1], b[1]] for b in _PAIRS] for a in _PAIRS]
)


class CannotCancelError(ValueError):
    """The noise cannot be canceled; the message says why."""


@dataclass(frozen=True)
class Inverse:
    """Inverse of a Pauli channel.

    Attributes:
        weights: Signed weights of the sixteen Paulis, which sum to 1.
    """

    weights: Array

    @property
    def gamma(self) -> float:
        """Sum of the absolute weights."""
        return float(np.abs(self.weights).sum())

    @classmethod
    def of(cls, error: Any, where: str) -> Inverse:
        """Invert the twirled channel of a two-qubit error.

        Raises:
            CannotCancelError: If the fidelity of some Pauli is too small.
        """
        fidelities = _fidelities(_Same(error))
        if fidelities.min() < 0.1:
            raise CannotCancelError(
                f"The noise of {where} cannot be inverted, because it reduces a Pauli to "
                f"{fidelities.min():.2f} of its value. Use resilience level 2."
            )
        return cls(_SIGNS @ (1 / fidelities) / 16)


class _Same:
    """Cache key that compares an object by identity."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.value is self.value


@lru_cache(maxsize=512)  # jobs on a device share its errors
def _fidelities(error: _Same) -> Array:
    """Return the fidelity of each two-qubit Pauli under an error."""
    return np.real(np.diag(PTM(channel(error.value)).data))


def conjugations(gate: Any) -> tuple[int, ...]:
    """Return the Pauli into which the gate conjugates each Pauli, up to its sign.

    Raises:
        CannotCancelError: If the gate is not Clifford, so that it cannot be twirled.
    """
    found = _conjugations(Operator(gate).data.tobytes())
    if found is None:
        raise CannotCancelError(
            f"Errors of the gate {gate.name!r} cannot be canceled, because it is not a Clifford "
            "gate. Use resilience level 2."
        )
    return found


@lru_cache(maxsize=512)
def _conjugations(matrix: bytes) -> tuple[int, ...] | None:
    unitary = np.frombuffer(matrix, dtype=complex).reshape(4, 4)
    paulis = np.array([np.kron(_MATRICES[a], _MATRICES[b]) for a, b in _PAIRS])
    turned = unitary @ paulis @ unitary.conj().T
    overlaps = np.abs(np.einsum("ajk,bkj->ab", turned, paulis)) / 4
    if overlaps.max(axis=1).min() < 1 - 1e-6:
        return None
    return tuple(overlaps.argmax(axis=1).tolist())


@dataclass(frozen=True)
class Step:
    """Noisy gate of a circuit.

    Attributes:
        place: Index of the instruction.
        after: Conjugations of the gate.
        inverse: Inverse of its noise.
    """

    place: int
    after: tuple[int, ...]
    inverse: Inverse


class Cancellation:
    """Cancellation of the noise of one circuit.

    Args:
        machine: Backend for which the circuit is transpiled.
        circuit: Circuit without free parameters.

    Raises:
        CannotCancelError: If some noise of the circuit cannot be inverted.
    """

    def __init__(self, machine: TranspilingBackend, circuit: QuantumCircuit) -> None:
        self._circuit = circuit
        errors = gate_errors(machine.noise_of(circuit))
        self.steps = []
        for place, item in enumerate(circuit.data):
            qubits = tuple(circuit.find_bit(qubit).index for qubit in item.qubits)
            names = (getattr(item.operation, "label", None), item.operation.name)
            keys = [(name, where) for name in names for where in (qubits, None)]
            error = next((errors[key] for key in keys if key in errors), None)
            if error is None or len(qubits) < 2 or error.ideal():
                continue
            where = f"{item.operation.name!r} on the qubits {qubits}"
            if len(qubits) > 2:
                raise CannotCancelError(
                    f"The noise of {where} cannot be canceled, because the gate acts on more than "
                    "two qubits. Use resilience level 2."
                )
            if getattr(item.operation, "condition", None) is not None:
                raise CannotCancelError(
                    f"The noise of {where} cannot be canceled, because the gate is conditional. "
                    "Use resilience level 2."
                )
            self.steps.append(Step(place, conjugations(item.operation), Inverse.of(error, where)))

    @property
    def gamma(self) -> float:
        """Product of the gammas of all gates; its square is the sampling overhead."""
        return float(np.prod([step.inverse.gamma for step in self.steps]))

    @property
    def layers(self) -> int:
        """Number of layers of gates whose noise is canceled."""
        level: dict[Any, int] = {}
        for step in self.steps:
            qubits = self._circuit.data[step.place].qubits
            depth = 1 + max(level.get(qubit, 0) for qubit in qubits)
            level.update(dict.fromkeys(qubits, depth))
        return max(level.values(), default=0)

    @property
    def identity_weight(self) -> float:
        """Fraction of the weight on the circuit without inserted Paulis."""
        shares = [abs(step.inverse.weights[0]) / step.inverse.gamma for step in self.steps]
        return float(np.prod(shares))

    def sample_paulis(self, rng: np.random.Generator, circuits: int, identity: bool) -> Array:
        """Sample the two-qubit Paulis to insert after each noisy gate, by their absolute weights.

        Args:
            rng: Source of randomness.
            circuits: Number of circuits.
            identity: Whether to insert identities only; otherwise, each circuit gets at least one
                other Pauli.

        Returns:
            Indices of Paulis, of shape (circuits, noisy gates).
        """
        if identity:
            return np.zeros((circuits, len(self.steps)), dtype=int)
        shares = np.array([np.abs(s.inverse.weights) / s.inverse.gamma for s in self.steps])
        bounds = shares.cumsum(axis=1)
        found = np.zeros((0, len(self.steps)), dtype=int)
        while len(found) < circuits:
            drawn = rng.random((circuits, len(self.steps)))
            patterns = (drawn[:, :, None] > bounds[None, :, :-1]).sum(axis=2)
            found = np.concatenate([found, patterns[patterns.any(axis=1)]])
        return found[:circuits]

    def signs(self, inserted: Array) -> Array:
        """Return the sign of the weight of each circuit."""
        signs = np.ones(len(inserted))
        for step, chosen in zip(self.steps, inserted.T):
            signs *= np.sign(step.inverse.weights[chosen])
        return signs


class CancelingCircuits:
    """Circuits that measure one group of an observable with error cancellation.

    Args:
        cancellation: Cancellation of the noise of the circuit.
        prepared: The circuit.
        group: Terms to measure.
        merger: Merges Paulis into single-qubit gates.
    """

    def __init__(
        self, cancellation: Cancellation, prepared: Prepared, group: Group, merger: Merger
    ) -> None:
        self.cancellation, self.prepared, self.group = cancellation, prepared, group
        measured = prepared.with_measurements(group)
        self._framed = FramedCircuit(measured, merger)
        bits = {prepared.first + qubit: number for number, qubit in enumerate(group.qubits)}
        self._flipped: dict[int, Site] = {
            bits[bit]: (place, 0)
            for place, item in enumerate(measured.data)
            if item.operation.name == "measure"
            for bit in [measured.find_bit(item.clbits[0]).index]
            if bit in bits
        }

    def circuit(self, rng: np.random.Generator, inserted: Array, flips: Array) -> QuantumCircuit:
        """Return one random circuit.

        Args:
            rng: Source of randomness for the twirls.
            inserted: Index of the two-qubit Pauli to insert after each noisy gate.
            flips: Whether to flip each qubit of the group before its measurement.
        """
        before: dict[Site, int] = {self._flipped[n]: 1 for n in np.flatnonzero(flips).tolist()}
        after: dict[Site, int] = {}
        twirls = rng.integers(16, size=len(self.cancellation.steps))
        for step, twirl, chosen in zip(self.cancellation.steps, twirls, inserted):
            pairs = zip(_PAIRS[twirl], _PAIRS[step.after[twirl]], _PAIRS[chosen])
            for qubit, (first, second, third) in zip((1, 0), pairs):
                before[step.place, qubit] = first
                after[step.place, qubit] = _product(second, third)
        return self._framed.with_paulis(before, after)


def _product(first: int, second: int) -> int:
    """Multiply two Paulis up to phase; 0 to 3 stand for I, X, Y and Z."""
    bits = {0: 0, 1: 1, 2: 3, 3: 2}
    back = {0: 0, 1: 1, 3: 2, 2: 3}
    return back[bits[first] ^ bits[second]]
