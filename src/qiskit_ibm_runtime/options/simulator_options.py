"""What a simulator pretends to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List  # noqa: UP035 - read at run time on Python 3.9 too

from .flexible import flexible


@flexible
@dataclass
class SimulatorOptions:
    """What a simulator pretends to be.

    .. code-block:: python

        SimulatorOptions(seed_simulator=42, coupling_map=[[0, 1], [1, 2]])

    Attributes:
        noise_model: An Aer ``NoiseModel``, or its dict form.
        seed_simulator: Makes results repeatable.
        coupling_map: Pairs of coupled qubits, or a ``CouplingMap``.
        basis_gates: Names of the gates that circuits are unrolled to.
    """

    noise_model: Any | None = None
    seed_simulator: int | None = None
    coupling_map: Any | None = None
    basis_gates: List[str] | None = None  # noqa: UP006
