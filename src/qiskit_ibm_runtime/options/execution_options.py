"""How circuits are run."""

from __future__ import annotations

from dataclasses import dataclass

from .flexible import flexible


@flexible
@dataclass
class ExecutionOptions:
    """How circuits are run.

    .. code-block:: python

        ExecutionOptions(shots=1000)

    Attributes:
        shots: Repetitions of each circuit.
        init_qubits: Reset the qubits to the ground state before each shot.
    """

    shots: int = 4000
    init_qubits: bool = True
