"""Options about the execution of circuits."""

from __future__ import annotations

from dataclasses import dataclass

from .flexible import Section, flexible


@flexible
@dataclass
class ExecutionOptions(Section):
    """Options about the execution of circuits.

    .. code-block:: python

        from qiskit_ibm_runtime.options import ExecutionOptions, Options

        options = Options(execution=ExecutionOptions(shots=1000))
        options.execution.init_qubits = False

    Attributes:
        shots: How many times each circuit is run, at least 1; ``1e4`` will do, too. ``None`` asks
            for exact values, which a simulator without noise gives. Default: 4000.
        init_qubits: Reset the qubits to the ground state before each shot. Default: ``True``.
    """

    shots: int | None = 4000
    init_qubits: bool = True
