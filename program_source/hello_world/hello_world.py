"""Run random circuits and say hello; the smallest complete example of a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit import transpile
from qiskit.circuit.random import random_circuit

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit
    from qiskit.providers import BackendV1, BackendV2

    from qiskit_ibm_runtime.program import UserMessenger


def prepare_circuit(backend: BackendV1 | BackendV2) -> QuantumCircuit:
    """Make a random measured circuit of 5 qubits and depth 4 that the backend can run."""
    circuit = random_circuit(num_qubits=5, depth=4, measure=True)
    return transpile(circuit, backend)


def main(
    backend: BackendV1 | BackendV2,
    user_messenger: UserMessenger,
    iterations: int = 1,
    **_unused: Any,
) -> str:
    """Entry point: the service calls it with the backend, the messenger and the user's inputs.

    Args:
        backend: Where to run the circuits.
        user_messenger: Carries one ``{"iteration": ..., "counts": ...}`` for each circuit.
        iterations: How many circuits to run.

    Returns:
        A greeting.
    """
    for iteration in range(iterations):
        counts = backend.run(prepare_circuit(backend)).result().get_counts()
        user_messenger.publish({"iteration": iteration, "counts": counts})
    return "Hello, World!"
