"""Correction of readout errors by the measurement matrix, for the Sampler's level 1.

The matrix is reduced to the bit strings that were measured and scaled so that its columns sum to
one; its inverse is applied to the measured frequencies. That is the method of P. D. Nation,
H. Kang, N. Sundaresan and J. M. Gambetta, "Scalable Mitigation of Measurement Errors on Quantum
Computers", PRX Quantum 2, 040326 (2021), known as M3. Their package ``mthree`` is not used: its
releases for the older terras here need ``qiskit-ibmq-provider`` and numpy below 1.24, release 2.6
needs a later version of the package that this one replaces, and later ones need Qiskit 1.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import calibration

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from qiskit_ibm_runtime.local.simulation.machine import Machine
    from qiskit_ibm_runtime.local.simulation.outcomes import Outcomes

Array = np.ndarray[Any, Any]

CALIBRATION_SHOTS = 10_000
LARGEST_DENSE = 2000
"""Bit strings up to which the matrix is inverted; beyond, the equations are solved by iteration."""


@dataclass(frozen=True)
class Correction:
    """A quasi-probability distribution; ``overhead`` bounds how much its variance has grown."""

    distribution: dict[str, float]
    overhead: float
    seconds: float


def corrected(
    machine: Machine, circuits: list[QuantumCircuit], outcomes: list[Outcomes]
) -> list[Correction]:
    """Calibrate the qubits that the circuits measure, and correct what was measured."""
    mappings = [last_measured(circuit) for circuit in circuits]
    qubits = {qubit for mapping in mappings for qubit in mapping.values()}
    confusion = _calibrated(machine, qubits) if machine.noisy else {}
    found = []
    for seen, mapping in zip(outcomes, mappings):
        started = time.perf_counter()
        matrices = {c: confusion[q] for c, q in mapping.items() if q in confusion}
        values, overhead = solve(seen, matrices)
        distribution = dict(zip(seen.labels(), values.tolist()))
        found.append(Correction(distribution, overhead, time.perf_counter() - started))
    return found


def last_measured(circuit: QuantumCircuit) -> dict[int, int]:
    """Which qubit each classical bit was read from last."""
    return {
        circuit.find_bit(item.clbits[0]).index: circuit.find_bit(item.qubits[0]).index
        for item in circuit.data
        if item.operation.name == "measure"
    }


def _calibrated(machine: Machine, qubits: set[int]) -> dict[int, Array]:
    """For each qubit the chance to be read as ``row`` after it was prepared as ``column``."""
    chunks = calibration.chunks(qubits)
    circuits = [
        calibration.flipped(machine, chunk, np.full(len(chunk), state))
        for chunk in chunks
        for state in (0, 1)
    ]
    ones = [
        (seen.counts @ seen.bits) / seen.shots
        for seen in machine.outcomes(circuits, CALIBRATION_SHOTS)
    ]
    matrices = {}
    for number, chunk in enumerate(chunks):
        zero, one = ones[2 * number], ones[2 * number + 1]
        for bit, qubit in enumerate(chunk):
            matrices[qubit] = np.array([[1 - zero[bit], 1 - one[bit]], [zero[bit], one[bit]]])
    return matrices


def solve(seen: Outcomes, matrices: dict[int, Array]) -> tuple[Array, float]:
    """Quasi-probabilities of the strings that were seen, and the overhead of the variance.

    Args:
        seen: What was measured.
        matrices: For a classical bit its 2 x 2 matrix; bits without one are read without error.
    """
    measured = seen.counts / seen.counts.sum()
    if not matrices:
        return measured, 1.0
    if len(measured) > LARGEST_DENSE:
        return _iterated(seen, matrices, measured)
    matrix = _reduced(seen, matrices, slice(None))
    inverse = np.linalg.inv(matrix / matrix.sum(axis=0))
    # The 1-norm bounds how far errors of the frequencies are spread: eq. (10) of the paper.
    return inverse @ measured, float(np.abs(inverse).sum(axis=0).max() ** 2)


def _reduced(seen: Outcomes, matrices: dict[int, Array], columns: slice) -> Array:
    """Some columns of the matrix between the strings that were seen."""
    block = np.ones((len(seen.bits), len(seen.bits[columns])))
    for clbit, matrix in matrices.items():
        bits = seen.bits[:, clbit]
        block *= matrix[np.ix_(bits, bits[columns])]
    return block


def _iterated(seen: Outcomes, matrices: dict[int, Array], measured: Array) -> tuple[Array, float]:
    """Solve without holding the matrix, preconditioned by its diagonal."""
    from scipy.sparse.linalg import LinearOperator, gmres

    size, step = len(measured), 256
    pieces = [slice(n, n + step) for n in range(0, size, step)]
    norms = np.concatenate([_reduced(seen, matrices, piece).sum(axis=0) for piece in pieces])

    def apply(vector: Array) -> Array:
        scaled = vector.ravel() / norms
        return np.asarray(sum(_reduced(seen, matrices, p) @ scaled[p] for p in pieces))

    diagonal = np.ones(size)
    for clbit, matrix in matrices.items():
        diagonal *= np.diag(matrix)[seen.bits[:, clbit]]
    diagonal /= norms
    solution, failed = gmres(
        LinearOperator((size, size), matvec=apply, dtype=float),
        measured,
        x0=measured,
        M=LinearOperator((size, size), matvec=lambda v: v.ravel() / diagonal, dtype=float),
        atol=1e-8,
    )
    if failed:
        raise RuntimeError(
            "The correction of the readout did not converge; use resilience level 0."
        )
    # For independent bits the norm of the whole inverse is the product of those of the bits.
    overhead = np.prod([np.abs(np.linalg.inv(m)).sum(axis=0).max() for m in matrices.values()])
    return solution, float(overhead**2)
