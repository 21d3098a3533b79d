"""The ``hello-world`` program: interim results and a greeting."""

from __future__ import annotations

from typing import Any

from qiskit import transpile
from qiskit.circuit.random import random_circuit


def main(backend: Any, user_messenger: Any, iterations: int = 1, **_: Any) -> str:
    """Run random circuits, publish the counts of each one, and return a greeting."""
    for iteration in range(iterations):
        circuit = random_circuit(5, 4, measure=True, max_operands=2, seed=iteration)
        counts = backend.run(transpile(circuit, backend)).result().get_counts()
        user_messenger.publish({"iteration": iteration, "counts": counts})
    return "Hello, World!"
