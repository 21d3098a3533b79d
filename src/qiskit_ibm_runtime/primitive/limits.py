"""What a backend cannot run however long one waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qiskit import QuantumCircuit


def check_limits(circuits: Iterable[QuantumCircuit], shots: Any, configuration: Any) -> None:
    """Check circuits and shots against the size of a backend.

    Raises:
        ValueError: If a circuit has too many qubits, or there are too many shots.
    """
    width = _number(configuration, "n_qubits")
    for index, circuit in enumerate(circuits):
        if width is not None and circuit.num_qubits > width:
            raise ValueError(
                f"Circuit {index} ({circuit.name!r}) has {circuit.num_qubits} qubits, but the "
                f"backend {configuration.backend_name!r} has {width}."
            )
    most = _number(configuration, "max_shots")
    if most is not None and shots is not None and shots > most:
        raise ValueError(
            f"'shots' is {shots}, but the backend {configuration.backend_name!r} takes at most "
            f"{most} in one run."
        )


def _number(configuration: Any, name: str) -> int | None:
    """Return a limit; ``None`` if the service does not state it."""
    value = getattr(configuration, name, None)
    return value if isinstance(value, int) and value > 0 else None
