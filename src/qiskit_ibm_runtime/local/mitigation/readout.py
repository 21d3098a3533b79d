"""Readout error mitigation by the assignment matrix (M3), for level 1 of the Sampler.

The matrix is reduced to the observed bit strings and scaled so that its columns sum to one; then
its inverse is applied to the observed frequencies. Source: P. D. Nation, H. Kang, N. Sundaresan and
J. M. Gambetta, "Scalable Mitigation of Measurement Errors on Quantum Computers", PRX Quantum 2,
040326 (2021), https://doi.org/10.1103/PRXQuantum.2.040326. Their package ``mthree`` cannot be used
here: its older releases require ``qiskit-ibmq-provider`` and numpy below 1.24, release 2.6 requires
a later version of the package that this one replaces, and newer releases require Qiskit 1.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import calibration

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from qiskit_ibm_runtime.local.simulation.outcomes import Outcomes
    from qiskit_ibm_runtime.local.simulation.transpiling_backend import TranspilingBackend

Array = np.ndarray[Any, Any]

CALIBRATION_SHOTS = 10_000
LARGEST_DENSE = 2000
"""Number of bit strings up to which the matrix is inverted; above it, an iterative solver is used.
"""


@dataclass(frozen=True)
class Correction:
    """Mitigated result.

    Attributes:
        distribution: Quasi-probability of each bit string.
        overhead: Upper bound on the growth of the variance.
        seconds: Time that the mitigation took.
    """

    distribution: dict[str, float]
    overhead: float
    seconds: float


def correct(
    machine: TranspilingBackend, circuits: list[QuantumCircuit], outcomes: list[Outcomes]
) -> list[Correction]:
    """Calibrate the measured qubits and correct the outcomes of each circuit."""
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
    """Return the qubit that was last measured into each classical bit."""
    return {
        circuit.find_bit(item.clbits[0]).index: circuit.find_bit(item.qubits[0]).index
        for item in circuit.data
        if item.operation.name == "measure"
    }


def _calibrated(machine: TranspilingBackend, qubits: set[int]) -> dict[int, Array]:
    """Return each qubit's assignment matrix: the chance to read ``row`` for state ``column``."""
    chunks = calibration.chunks(qubits)
    circuits = [
        calibration.calibration_circuit(machine, chunk, np.full(len(chunk), state))
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
    """Return the quasi-probabilities of the observed bit strings, and the variance overhead.

    Args:
        seen: The outcomes.
        matrices: 2 x 2 assignment matrix of each classical bit; bits without one have no error.
    """
    measured = seen.counts / seen.counts.sum()
    if not matrices:
        return measured, 1.0
    if len(measured) > LARGEST_DENSE:
        return _iterated(seen, matrices, measured)
    matrix = _reduced(seen, matrices, slice(None))
    inverse = np.linalg.inv(matrix / matrix.sum(axis=0))
    # The 1-norm bounds the amplification of statistical errors: eq. (10) of the paper.
    return inverse @ measured, float(np.abs(inverse).sum(axis=0).max() ** 2)


def _reduced(seen: Outcomes, matrices: dict[int, Array], columns: slice) -> Array:
    """Return some columns of the reduced assignment matrix."""
    block = np.ones((len(seen.bits), len(seen.bits[columns])))
    for clbit, matrix in matrices.items():
        bits = seen.bits[:, clbit]
        block *= matrix[np.ix_(bits, bits[columns])]
    return block


def _iterated(seen: Outcomes, matrices: dict[int, Array], measured: Array) -> tuple[Array, float]:
    """Solve without storing the matrix, by GMRES with a diagonal preconditioner."""
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
        raise RuntimeError("Readout error mitigation did not converge. Use resilience level 0.")
    # The norm of the full inverse is the product of the norms of the bits' inverses.
    overhead = np.prod([np.abs(np.linalg.inv(m)).sum(axis=0).max() for m in matrices.values()])
    return solution, float(overhead**2)
