"""Options for transpilation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .flexible import Section, flexible


@flexible
@dataclass
class TranspilationOptions(Section):
    """Options for transpilation to the backend.

    .. code-block:: python

        from qiskit_ibm_runtime.options import Options, TranspilationOptions

        on_two_qubits = TranspilationOptions(initial_layout=[3, 4], layout_method="trivial")
        options = Options(optimization_level=1, transpilation=on_two_qubits)

    Attributes:
        skip_transpilation: Whether to run the circuits unchanged. They may only use instructions of
            the backend; circuits that use faulty qubits or gates are rejected before submitting.
            Default: ``False``.
        initial_layout: Physical qubit of each virtual qubit, in order, or a mapping from virtual to
            physical qubits. May also be a ``Layout``, or a dict or list that contains qubits of the
            circuits. Default: chosen by the transpiler.
        layout_method: ``"trivial"``, ``"dense"``, ``"noise_adaptive"`` or ``"sabre"``. Default:
            depends on the optimization level.
        routing_method: ``"basic"``, ``"lookahead"``, ``"stochastic"``, ``"sabre"`` or ``"none"``.
            Default: depends on the optimization level.
        approximation_degree: From 0.0 (most approximate) to 1.0 (exact). Default: approximate up
            to the gate errors that the device reports.
    """

    skip_transpilation: bool = False
    initial_layout: Any | None = None
    layout_method: str | None = None
    routing_method: str | None = None
    approximation_degree: float | None = None
