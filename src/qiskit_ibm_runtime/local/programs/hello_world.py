"""The ``hello-world`` program: interim results and a greeting."""

from __future__ import annotations

from typing import Any

from qiskit.circuit.random import random_circuit

from .common import Machine


def main(backend: dict[str, Any], user_messenger: Any, iterations: int = 1, **_: Any) -> str:
    machine = Machine(backend, {})
    for iteration in range(iterations):
        circuit = random_circuit(5, 4, measure=True, max_operands=2, seed=iteration)
        counts = machine.counts(machine.transpiled([circuit]), 1000)[0]
        user_messenger.publish({"iteration": iteration, "counts": counts})
    return "Hello, World!"
