"""Upload a custom program, run it, and follow its interim results.

A program runs next to the device, so it can run circuits and read counts without a round trip to
your machine for each. This one measures the mean excitation of a qubit rotated by random angles,
and publishes an interim result after every round.
"""

from __future__ import annotations

import math
import sys
import warnings
from typing import Any

from qiskit_ibm_runtime import QiskitRuntimeService

SOURCE = '''
import random

from qiskit import QuantumCircuit, transpile


def main(backend, user_messenger, rounds=5, shots=2000, seed=1):
    """Run circuits with random angles; the mean excitation is one half."""
    generator = random.Random(seed)
    ones = total = 0
    for number in range(1, rounds + 1):
        circuits = []
        for _ in range(20):
            circuit = QuantumCircuit(1, 1)
            circuit.rx(generator.uniform(0, 6.283185307), 0)
            circuit.measure(0, 0)
            circuits.append(circuit)
        job = backend.run(transpile(circuits, backend), shots=shots, seed_simulator=seed + number)
        ones += sum(counts.get("1", 0) for counts in job.result().get_counts())
        total += 20 * shots
        user_messenger.publish({"round": number, "mean": ones / total})
    return {"mean": ones / total, "shots": total}
'''

METADATA = {
    "name": "mean-of-random-angles",
    "max_execution_time": 300,
    "description": "Mean excitation of a qubit turned by random angles.",
    "spec": {
        "parameters": {
            "type": "object",
            "properties": {
                "rounds": {"type": "integer", "minimum": 1, "maximum": 100},
                "shots": {"type": "integer", "minimum": 1},
                "seed": {"type": "integer"},
            },
        }
    },
}


def report(_: str, message: Any) -> None:
    """Print an interim result; called in a separate thread, and finally with the result."""
    if "round" in message:
        print(f"  round {message['round']}: mean {message['mean']:.4f}", flush=True)


def main() -> int:
    """Upload, run, follow and delete the program; return 0 if the mean is one half."""
    service = QiskitRuntimeService(channel="local")
    program_id = service.upload_program(data=SOURCE, metadata=METADATA)
    try:
        inputs = service.program(program_id).parameters()
        inputs.rounds = 5
        job = service.run(
            program_id, inputs, options={"backend": "ibmq_qasm_simulator"}, callback=report
        )
        result = job.result()
        print(f"result of {result['shots']} shots: {result['mean']:.4f}")
    finally:
        service.delete_program(program_id)
    # The angles are random as well: a hundred of them, each with standard deviation sqrt(1/8).
    return 0 if abs(result["mean"] - 0.5) < 5 * math.sqrt(1 / 8 / 100) else 1


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)  # from terra, about its own future
    sys.exit(main())
