"""Probabilistic error cancellation, for the Estimator's level 3.

The noise of each gate on two qubits is turned into a Pauli channel by twirling, and the inverse of
that channel, which is no physical operation, is a sum of Paulis with signs: circuits with such
Paulis at random, weighted by their signs, have the noiseless mean. The price is a variance that
grows with ``gamma`` squared. Sources: K. Temme, S. Bravyi and J. M. Gambetta, Phys. Rev. Lett. 119,
180509 (2017); E. van den Berg, Z. K. Minev, A. Kandala and K. Temme, "Probabilistic error
cancellation with sparse Pauli-Lindblad models on noisy quantum processors", Nature Physics 19,
1116 (2023). Here the channel is not learnt: it is read from the device's noise model.

Paulis are merged into the neighbouring gates on single qubits, whose own noise is not cancelled.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.quantum_info import PTM, Operator

from qiskit_ibm_runtime.local.simulation.noise import channel, gate_errors

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit_aer.noise import NoiseModel

Array = np.ndarray[Any, Any]

_MATRICES = [
    np.eye(2),
    np.array([[0, 1], [1, 0]]),
    np.array([[0, -1j], [1j, 0]]),
    np.diag([1, -1]),
]
_PAIRS = list(itertools.product(range(4), repeat=2))
"""Paulis on two qubits by their place in the PTM: (Pauli on qubit 1, Pauli on qubit 0)."""
_ANTICOMMUTE = np.array([[0 if 0 in (a, b) or a == b else 1 for b in range(4)] for a in range(4)])
_SIGNS = (-1.0) ** np.array(
    [[_ANTICOMMUTE[a[0], b[0]] + _ANTICOMMUTE[a[1], b[1]] for b in _PAIRS] for a in _PAIRS]
)


class CannotCancelError(ValueError):
    """The noise cannot be cancelled, with the reason."""


@dataclass(frozen=True)
class Inverse:
    """The inverse of a Pauli channel: signed weights of the Paulis, which sum to 1."""

    weights: Array

    @property
    def gamma(self) -> float:
        """Sum of the weights without their signs."""
        return float(np.abs(self.weights).sum())

    @classmethod
    def of(cls, error: Any, where: str) -> Inverse:
        """Invert the channel of an error on two qubits, after twirling.

        Raises:
            CannotCancelError: If nothing, or nearly nothing, of some Pauli gets through.
        """
        fidelities = np.real(np.diag(PTM(channel(error)).data))
        if fidelities.min() < 0.1:
            raise CannotCancelError(
                f"The noise of {where} lets {fidelities.min():.2f} of a Pauli through: too little "
                "to invert."
            )
        return cls(_SIGNS @ (1 / fidelities) / 16)


def conjugations(gate: Any) -> list[int]:
    """Which Pauli equals, up to its sign, the gate after each Pauli before it.

    Raises:
        CannotCancelError: If the gate turns some Pauli into no Pauli, so that it cannot be twirled.
    """
    unitary = Operator(gate).data
    paulis = [np.kron(_MATRICES[a], _MATRICES[b]) for a, b in _PAIRS]
    found = []
    for pauli in paulis:
        turned = unitary @ pauli @ unitary.conj().T
        overlaps = [abs(np.trace(other.conj().T @ turned)) / 4 for other in paulis]
        best = int(np.argmax(overlaps))
        if overlaps[best] < 1 - 1e-6:
            raise CannotCancelError(
                f"Errors of the gate {gate.name!r} cannot be cancelled: it is no Clifford gate."
            )
        found.append(best)
    return found


@dataclass(frozen=True)
class Step:
    """A noisy gate of a circuit: its place, its conjugations, and the inverse of its noise."""

    place: int
    after: list[int]
    inverse: Inverse


class Cancellation:
    """How the noise of one circuit is cancelled.

    Args:
        circuit: Fitted to the device, without free parameters.
        model: The noise of the device.

    Raises:
        CannotCancelError: If some noise of the circuit has no inverse of the kind used here.
    """

    def __init__(self, circuit: QuantumCircuit, model: NoiseModel | None) -> None:
        self._circuit = circuit
        errors = gate_errors(model)
        inverses: dict[Any, Inverse] = {}
        turned: dict[Any, list[int]] = {}
        self.steps = []
        for place, item in enumerate(circuit.data):
            name = item.operation.name
            qubits = tuple(circuit.find_bit(qubit).index for qubit in item.qubits)
            error = errors.get((name, qubits), errors.get((name, None)))
            if error is None or len(qubits) < 2 or error.ideal():
                continue
            where = f"{name!r} on the qubits {qubits}"
            if len(qubits) > 2:
                raise CannotCancelError(
                    f"The noise of {where}, on more than two, is not cancelled."
                )
            if (name, qubits) not in inverses:
                inverses[name, qubits] = Inverse.of(error, where)
            key = (name, tuple(map(float, item.operation.params)))
            if key not in turned:
                turned[key] = conjugations(item.operation)
            self.steps.append(Step(place, turned[key], inverses[name, qubits]))

    @property
    def gamma(self) -> float:
        """By how much the weights of the circuits exceed 1; its square is the overhead."""
        return float(np.prod([step.inverse.gamma for step in self.steps]))

    @property
    def layers(self) -> int:
        """Layers of gates whose noise is cancelled."""
        level: dict[Any, int] = {}
        for step in self.steps:
            qubits = self._circuit.data[step.place].qubits
            depth = 1 + max(level.get(qubit, 0) for qubit in qubits)
            level.update(dict.fromkeys(qubits, depth))
        return max(level.values(), default=0)

    @property
    def untouched(self) -> float:
        """Share of the weight of the circuit without any Pauli but those of the twirl."""
        shares = [abs(step.inverse.weights[0]) / step.inverse.gamma for step in self.steps]
        return float(np.prod(shares))

    def sample(self, rng: np.random.Generator, touched: bool) -> tuple[QuantumCircuit, float]:
        """A circuit with Paulis around its noisy gates, and the sign of its weight.

        Args:
            rng: Where chance comes from.
            touched: Whether some error is cancelled in it, or all are left alone.
        """
        circuit = self._circuit.copy_empty_like()
        inserted = self._inserted(rng) if touched else [0] * len(self.steps)
        signs = [np.sign(s.inverse.weights[p]) for s, p in zip(self.steps, inserted)]
        steps = {step.place: (step, p) for step, p in zip(self.steps, inserted)}
        for place, item in enumerate(self._circuit.data):
            if place not in steps:
                circuit.append(item.operation, item.qubits, item.clbits)
                continue
            step, chosen = steps[place]
            twirl = int(rng.integers(16))
            _append(circuit, _PAIRS[twirl], item.qubits)
            circuit.append(item.operation, item.qubits)
            both = zip(_PAIRS[step.after[twirl]], _PAIRS[chosen])
            _append(circuit, tuple(_product(a, b) for a, b in both), item.qubits)
        return circuit, float(np.prod(signs))

    def _inserted(self, rng: np.random.Generator) -> list[int]:
        """A Pauli after each noisy gate, by the size of its weight, at least one not the identity.

        ``bounds`` has the cumulative shares of the Paulis of each gate.
        """
        shares = np.array([np.abs(s.inverse.weights) / s.inverse.gamma for s in self.steps])
        bounds = shares.cumsum(axis=1)
        while True:
            drawn = rng.random((64, len(self.steps)))
            patterns = (drawn[:, :, None] > bounds[None, :, :-1]).sum(axis=2)
            touched = patterns[patterns.any(axis=1)]
            if len(touched):
                return [int(pauli) for pauli in touched[0]]


def _product(first: int, second: int) -> int:
    """The product of two Paulis, without its phase: I, X, Y, Z are 0 to 3."""
    bits = {0: 0, 1: 1, 2: 3, 3: 2}
    back = {0: 0, 1: 1, 3: 2, 2: 3}
    return back[bits[first] ^ bits[second]]


def _append(circuit: QuantumCircuit, pair: tuple[int, ...], qubits: Any) -> None:
    for pauli, qubit in zip(pair, reversed(qubits)):
        if pauli:
            (circuit.x, circuit.y, circuit.z)[pauli - 1](qubit)
