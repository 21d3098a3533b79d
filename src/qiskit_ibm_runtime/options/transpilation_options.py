"""How circuits are transpiled."""

from __future__ import annotations

from dataclasses import dataclass

from .flexible import flexible


@flexible
@dataclass
class TranspilationOptions:
    """How circuits are transpiled.

    .. code-block:: python

        TranspilationOptions(initial_layout=[1, 2], layout_method="trivial")

    Attributes:
        skip_transpilation: Run the circuits as they are; they must fit the backend.
        initial_layout: Physical qubit of each virtual one, or a mapping.
        layout_method: ``trivial``, ``dense``, ``noise_adaptive`` or ``sabre``.
        routing_method: ``basic``, ``lookahead``, ``stochastic``, ``sabre`` or ``none``.
        approximation_degree: From 0 (most approximate) to 1 (exact).
    """

    skip_transpilation: bool = False
    initial_layout: dict | list | None = None  # type: ignore[type-arg]  # terra's own form
    layout_method: str | None = None
    routing_method: str | None = None
    approximation_degree: float | None = None
