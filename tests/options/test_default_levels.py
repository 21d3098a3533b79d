"""Default optimization and resilience levels."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from qiskit_ibm_runtime.options import Options
from qiskit_ibm_runtime.options.flexible import to_dict
from qiskit_ibm_runtime.options.utils import set_default_error_levels


def backend(*, simulator: bool) -> SimpleNamespace:
    return SimpleNamespace(configuration=lambda: SimpleNamespace(simulator=simulator))


@pytest.mark.parametrize(
    ("where", "noise_model", "levels"),
    [
        (backend(simulator=True), None, (1, 0)),
        (backend(simulator=True), object(), (3, 1)),
        (backend(simulator=False), None, (3, 1)),
        (None, None, (3, 1)),
    ],
    ids=["simulator", "simulator with noise", "device", "backend unknown"],
)
class TestDefaultLevels:
    def test_depend_on_the_backend_and_its_noise(
        self, where: Any, noise_model: Any, levels: tuple[int, int]
    ) -> None:
        options = to_dict(Options(simulator={"noise_model": noise_model}))

        result = set_default_error_levels(options, where, 3, 1)

        assert result is options
        assert (result["optimization_level"], result["resilience_level"]) == levels

    def test_keep_levels_set_by_the_user(
        self, where: Any, noise_model: Any, levels: tuple[int, int]
    ) -> None:
        options = to_dict(
            Options(
                optimization_level=0, resilience_level=2, simulator={"noise_model": noise_model}
            )
        )

        set_default_error_levels(options, where, 3, 1)

        assert (options["optimization_level"], options["resilience_level"]) == (0, 2)
