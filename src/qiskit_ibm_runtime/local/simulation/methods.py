"""Choice of Aer's simulation method.

Aer's automatic choice is good for noiseless circuits. With noise the choice is made here, because
Aer applies wrong noise to density matrices in a run that started with state vectors (observed in
0.12 to 0.14). In noisy loops, only density matrices get new noise in each iteration, because for
state vectors Aer samples the noise of all instructions before each shot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lowering import gates_of, used
from .unfolding import UnsupportedError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

WIDEST_NOISY_LOOP = 10
"""Limit on the qubits of a noisy loop, whose density matrix is simulated for every shot."""
WIDEST_MATRIX = 12
"""Limit on the qubits of a density matrix that is simulated once: 256 MiB."""
WIDEST_VECTOR = 25
"""Number of qubits above which Aer chooses the method, for one circuit at a time."""


def method_of(circuit: QuantumCircuit, usual: str, shots: int, *, noisy: bool) -> str:
    """Choose the simulation method for a circuit.

    Args:
        circuit: Circuit as passed to Aer.
        usual: Method of the backend.
        shots: Number of shots.
        noisy: Whether the simulation has noise.

    Raises:
        UnsupportedError: If no method simulates the circuit correctly.
    """
    loops = _loops(circuit)
    if loops is not None and usual == "extended_stabilizer":
        raise UnsupportedError(
            f"Circuit {circuit.name!r} has control flow or conditions, which the extended "
            "stabilizer simulator does not support. Use ibmq_qasm_simulator."
        )
    qubits = len(used(circuit))
    if noisy and loops:
        if qubits > WIDEST_NOISY_LOOP:
            raise UnsupportedError(
                f"Circuit {circuit.name!r} has a noisy loop on {qubits} qubits, and the limit is "
                f"{WIDEST_NOISY_LOOP}. Use fewer qubits, or a for loop."
            )
        return "density_matrix"
    if not noisy or usual != "automatic" or qubits > WIDEST_VECTOR:
        return usual
    matrix = 2**qubits < shots and qubits <= WIDEST_MATRIX and _is_followed_once(circuit)
    return "density_matrix" if matrix else "statevector"


def _loops(circuit: QuantumCircuit) -> bool | None:
    """Return whether a circuit has backward jumps; ``None`` if it has no jumps."""
    loops, seen = None, set()
    for item in circuit.data:
        if item.operation.name == "mark":
            seen.add(item.operation.params[0])
        elif item.operation.name == "jump":
            loops = bool(loops) or item.operation.params[0] in seen
    return loops


def _is_followed_once(circuit: QuantumCircuit) -> bool:
    """Return whether a density matrix can be simulated once, with all shots sampled from it."""
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
