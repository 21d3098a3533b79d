"""Probabilistic error cancellation, for the Estimator's level 3.

The noise of each gate on two qubits is turned into a Pauli channel by twirling, and the inverse of
that channel, which is no physical operation, is a sum of Paulis with signs: circuits with such
Paulis at random, weighted by their signs, have the noiseless mean. The price is a variance that
grows with ``gamma`` squared. Sources: K. Temme, S. Bravyi and J. M. Gambetta, Phys. Rev. Lett. 119,
180509 (2017); E. van den Berg, Z. K. Minev, A. Kandala and K. Temme, "Probabilistic error
cancellation with sparse Pauli-Lindblad models on noisy quantum processors", Nature Physics 19,
1116 (2023). Here the channel is not learnt: it is read from the device's noise model.

Paulis are merged into the neighboring gates on single qubits, whose own noise is not cancelled.
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

    from qiskit_ibm_runtime.local.simulation.machine import Machine
    from qiskit_ibm_runtime.local.simulation.observables import Group, Prepared

    from .pauli_frames import Merger, Site

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
        fidelities = _fidelities(_Same(error))
        if fidelities.min() < 0.1:
            raise CannotCancelError(
                f"The noise of {where} lets {fidelities.min():.2f} of a Pauli through: too little "
                "to invert."
            )
        return cls(_SIGNS @ (1 / fidelities) / 16)


class _Same:
    """An object as a key that equals itself only."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.value is self.value


@lru_cache(maxsize=512)  # a device's errors serve one job after the other
def _fidelities(error: _Same) -> Array:
    """How much of each Pauli on two qubits gets through an error."""
    return np.real(np.diag(PTM(channel(error.value)).data))


def conjugations(gate: Any) -> tuple[int, ...]:
    """Which Pauli equals, up to its sign, the gate after each Pauli before it.

    Raises:
        CannotCancelError: If the gate turns some Pauli into no Pauli, so that it cannot be twirled.
    """
    found = _conjugations(Operator(gate).data.tobytes())
    if found is None:
        raise CannotCancelError(
            f"Errors of the gate {gate.name!r} cannot be cancelled: it is no Clifford gate."
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
    """A noisy gate of a circuit: its place, its conjugations, and the inverse of its noise."""

    place: int
    after: tuple[int, ...]
    inverse: Inverse


class Cancellation:
    """How the noise of one circuit is cancelled.

    Args:
        machine: What it is fitted to.
        circuit: The circuit, without free parameters.

    Raises:
        CannotCancelError: If some noise of the circuit has no inverse of the kind used here.
    """

    def __init__(self, machine: Machine, circuit: QuantumCircuit) -> None:
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
                    f"The noise of {where}, on more than two, is not cancelled."
                )
            if getattr(item.operation, "condition", None) is not None:
                raise CannotCancelError(f"The noise of {where}, under a condition, stays.")
            self.steps.append(Step(place, conjugations(item.operation), Inverse.of(error, where)))

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

    def inserted(self, rng: np.random.Generator, circuits: int, touched: bool) -> Array:
        """Paulis on two qubits after each noisy gate, by the size of their weights.

        Args:
            rng: Source of randomness.
            circuits: How many circuits they are for.
            touched: Whether at least one is not the identity, or all are.

        Returns:
            Places in the list of Paulis, of shape (circuits, noisy gates).
        """
        if not touched:
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
        """The sign of the weight of each circuit."""
        signs = np.ones(len(inserted))
        for step, chosen in zip(self.steps, inserted.T):
            signs *= np.sign(step.inverse.weights[chosen])
        return signs


class CancelingCircuits:
    """The circuits that measure one group of an observable, with the noise of one canceled."""

    def __init__(
        self, cancellation: Cancellation, prepared: Prepared, group: Group, merger: Merger
    ) -> None:
        self.cancellation, self.prepared, self.group = cancellation, prepared, group
        measured = prepared.measured(group)
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
        """One circuit.

        Args:
            rng: Source of randomness for the twirls.
            inserted: A Pauli on two qubits after each noisy gate.
            flips: Whether each qubit of the group is flipped before it is measured.
        """
        before: dict[Site, int] = {self._flipped[n]: 1 for n in np.flatnonzero(flips).tolist()}
        after: dict[Site, int] = {}
        twirls = rng.integers(16, size=len(self.cancellation.steps))
        for step, twirl, chosen in zip(self.cancellation.steps, twirls, inserted):
            pairs = zip(_PAIRS[twirl], _PAIRS[step.after[twirl]], _PAIRS[chosen])
            for qubit, (first, second, third) in zip((1, 0), pairs):
                before[step.place, qubit] = first
                after[step.place, qubit] = _product(second, third)
        return self._framed.framed(before, after)


def _product(first: int, second: int) -> int:
    """The product of two Paulis, without its phase: I, X, Y, Z are 0 to 3."""
    bits = {0: 0, 1: 1, 2: 3, 3: 2}
    back = {0: 0, 1: 1, 3: 2, 2: 3}
    return back[bits[first] ^ bits[second]]
