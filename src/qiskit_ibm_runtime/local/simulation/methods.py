"""By which of Aer's methods a circuit is simulated right.

Aer's own choice is good for ideal circuits. With noise it is made here, because a run in which Aer
follows some circuits by state vectors and later ones by density matrices gives these a wrong noise
(seen in 0.12 to 0.14). And in a loop, only density matrices have new noise in each round: for state
vectors, Aer draws the noise of all instructions before a shot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lowering import gates_of, used
from .unfolding import UnsupportedError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

WIDEST_NOISY_LOOP = 10
"""Qubits whose density matrix is followed through every shot."""
WIDEST_MATRIX = 12
"""Qubits whose density matrix is taken if it is followed once: a quarter GiB."""
WIDEST_VECTOR = 25
"""Qubits from which on Aer is left to find a method, one circuit at a time."""


def method_of(circuit: QuantumCircuit, usual: str, shots: int, *, noisy: bool) -> str:
    """The method by which a circuit is run.

    Args:
        circuit: As it is given to Aer.
        usual: The method of the backend.
        shots: How often it is run.
        noisy: Whether there is noise.

    Raises:
        UnsupportedError: If there is none that is right.
    """
    loops = _loops(circuit)
    if loops is not None and usual == "extended_stabilizer":
        raise UnsupportedError(
            f"Circuit {circuit.name!r} has control flow or conditions, which the extended "
            "stabilizer simulator does not know. Use ibmq_qasm_simulator."
        )
    qubits = len(used(circuit))
    if noisy and loops:
        if qubits > WIDEST_NOISY_LOOP:
            raise UnsupportedError(
                f"Circuit {circuit.name!r} has a loop on {qubits} qubits with noise; up to "
                f"{WIDEST_NOISY_LOOP} can be simulated. Use fewer qubits, or a loop over indices."
            )
        return "density_matrix"
    if not noisy or usual != "automatic" or qubits > WIDEST_VECTOR:
        return usual
    matrix = 2**qubits < shots and qubits <= WIDEST_MATRIX and _is_followed_once(circuit)
    return "density_matrix" if matrix else "statevector"


def _loops(circuit: QuantumCircuit) -> bool | None:
    """Whether a circuit jumps back; ``None`` if it does not jump at all."""
    loops, seen = None, set()
    for item in circuit.data:
        if item.operation.name == "mark":
            seen.add(item.operation.params[0])
        elif item.operation.name == "jump":
            loops = bool(loops) or item.operation.params[0] in seen
    return loops


def _is_followed_once(circuit: QuantumCircuit) -> bool:
    """Whether all shots can be drawn from one state at the end, which the method has to know."""
    known = gates_of("density_matrix")
    measured = False
    for item in circuit.data:
        name = item.operation.name
        if name == "barrier":
            continue
        if getattr(item.operation, "condition", None) is not None or name not in known | _ALWAYS:
            return False
        if measured and name != "measure":
            return False
        measured = measured or name == "measure"
    return True


_ALWAYS = {"measure", "reset", "delay"}
