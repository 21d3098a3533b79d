"""Options for the execution of circuits."""

from __future__ import annotations

from dataclasses import dataclass

from .flexible import Section, flexible


@flexible
@dataclass
class ExecutionOptions(Section):
    """Options for the execution of circuits.

    .. code-block:: python

        from qiskit_ibm_runtime.options import ExecutionOptions, Options

        options = Options(execution=ExecutionOptions(shots=1000))
        options.execution.init_qubits = False

    Attributes:
        shots: Number of shots per circuit, at least 1; a float such as ``1e4`` is accepted.
            ``None`` requests exact values, which simulators without noise return. Default: 4000.
        init_qubits: Whether to reset the qubits to the ground state before each shot. Default:
            ``True``.
    """

    shots: int | None = 4000
    init_qubits: bool = True
