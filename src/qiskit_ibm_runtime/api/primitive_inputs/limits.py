"""Size limits of backends."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.local.devices import sizes  # arithmetic only

from .programs import circuits_run, is_of_primitive
from .readers import SKIP_CHECKS, scalar

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


@dataclass(frozen=True)
class Limits:
    """Size limits of a backend.

    Attributes:
        backend: Its name.
        qubits: How many it has; ``None`` if the service does not state it.
        shots: How many it takes in one run at most; ``None`` likewise.
        memory: Bytes of memory of a simulation that stands for a device; ``None`` of all others.
    """

    backend: str
    qubits: int | None
    shots: int | None
    memory: int | None = None

    @classmethod
    def of(cls, backend: str, configuration: Any) -> Limits:
        """Read the limits from a backend configuration."""
        if not isinstance(configuration, Mapping):
            return cls(backend, None, None)
        return cls(
            backend,
            _positive(configuration.get("n_qubits")),
            _positive(configuration.get("max_shots")),
            _positive(configuration.get("simulation_memory")),
        )


def check_limits(program_id: str, inputs: Any, limits: Limits | None) -> None:
    """Check the circuits and shots of a primitive against the size of its backend.

    Raises:
        ValueError: If a circuit has too many qubits, or there are too many shots, also for a
            simulation of the backend.
    """
    if limits is None or not is_of_primitive(program_id, inputs) or os.environ.get(SKIP_CHECKS):
        return
    for index, circuit in enumerate(circuits_run(inputs)):
        if limits.qubits is not None and circuit.num_qubits > limits.qubits:
            raise ValueError(
                f"Circuit {index} ({circuit.name!r}) has {circuit.num_qubits} qubits, but the "
                f"backend {limits.backend!r} has {limits.qubits}."
            )
    run_options = inputs.get("run_options")
    shots: Any = scalar(run_options.get("shots")) if isinstance(run_options, Mapping) else None
    if limits.shots is not None and isinstance(shots, (int, float)) and shots > limits.shots:
        raise ValueError(
            f"'shots' is {shots}, but the backend {limits.backend!r} takes at most "
            f"{limits.shots} in one run."
        )
    if limits.memory is not None:
        _check_sizes(circuits_run(inputs), shots, limits.memory)


def _check_sizes(circuits: list[QuantumCircuit], shots: Any, memory: int) -> None:
    for circuit in circuits:
        if circuit.num_qubits > sizes.NARROW:
            used = [item.qubits for item in circuit.data if item.operation.name != "barrier"]
            qubits = len({qubit for each in used for qubit in each})
            count = int(shots) if isinstance(shots, (int, float)) else 1
            reason = sizes.refusal(circuit.name, qubits, len(used), count, memory, noisy=True)
            if reason is not None:
                raise ValueError(reason)


def _positive(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
