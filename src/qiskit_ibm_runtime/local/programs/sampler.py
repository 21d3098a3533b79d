"""The ``sampler`` program: distributions of measured circuits."""

from __future__ import annotations

from typing import Any

from .common import Machine, bound_circuits


def main(backend: dict[str, Any], user_messenger: Any, **inputs: Any) -> dict[str, Any]:
    level = (inputs.get("resilience_settings") or {}).get("level") or 0
    if level != 0:
        raise ValueError(
            f"resilience level {level} of the sampler is not done by this runtime: 0 is."
        )
    machine = Machine(backend, inputs)
    circuits = bound_circuits(inputs)
    for number, circuit in enumerate(circuits):
        if not any(item.operation.name == "measure" for item in circuit.data):
            raise ValueError(
                f"Circuit {number} ({circuit.name!r}) has no measurement: nothing to sample."
            )
    counts = machine.counts(machine.transpiled(circuits), machine.shots)
    return {
        "quasi_dists": [{k: v / machine.shots for k, v in sorted(c.items())} for c in counts],
        "metadata": [{"header_metadata": {}, "shots": machine.shots} for _ in counts],
    }
