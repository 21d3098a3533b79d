"""Options about transpilation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .flexible import Section, flexible


@flexible
@dataclass
class TranspilationOptions(Section):
    """Options about transpilation to the backend.

    .. code-block:: python

        from qiskit_ibm_runtime.options import Options, TranspilationOptions

        on_two_qubits = TranspilationOptions(initial_layout=[3, 4], layout_method="trivial")
        options = Options(optimization_level=1, transpilation=on_two_qubits)

    Attributes:
        skip_transpilation: Run the circuits as they are. They must consist of instructions that
            the backend has, and those that touch faulty qubits or edges are refused before
            anything is sent. Default: ``False``.
        initial_layout: Physical qubit of each virtual one, in order, or a mapping from virtual to
            physical ones. Also a ``Layout``, or a dict or list with the qubits of the circuits,
            which is sent as numbers. Default: the transpiler chooses.
        layout_method: ``"trivial"``, ``"dense"``, ``"noise_adaptive"`` or ``"sabre"``. Default:
            the optimization level chooses.
        routing_method: ``"basic"``, ``"lookahead"``, ``"stochastic"``, ``"sabre"`` or ``"none"``.
            Default: the optimization level chooses.
        approximation_degree: From 0.0 (most approximate) to 1.0 (exact). Default: exact up to the
            errors that the device reports.
    """

    skip_transpilation: bool = False
    initial_layout: Any | None = None
    layout_method: str | None = None
    routing_method: str | None = None
    approximation_degree: float | None = None
