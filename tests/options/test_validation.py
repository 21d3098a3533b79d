"""Allowed values of options."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.ids import label

from qiskit_ibm_runtime.options import Options, ResilienceOptions
from qiskit_ibm_runtime.options.flexible import to_dict


def tree(**fields: Any) -> dict[str, Any]:
    defaults = to_dict(Options(optimization_level=3, resilience_level=1))
    return Options._merge_options(defaults, fields)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"optimization_level": 4}, r"optimization_level.*0 to 3.*4"),
        ({"optimization_level": -1}, r"optimization_level.*-1"),
        ({"optimization_level": None}, r"optimization_level.*None"),
        ({"optimization_level": 1.5}, r"optimization_level.*1\.5"),
        ({"optimization_level": "1"}, r"optimization_level.*'1'"),
        ({"optimization_level": np.array([1, 2])}, r"optimization_level.*array"),
        ({"noise_amplifier": "Loud"}, r"noise_amplifier.*TwoQubitAmplifier.*Loud"),
        ({"extrapolator": "Guess"}, r"extrapolator.*LinearExtrapolator.*Guess"),
        ({"extrapolator": "QuarticExtrapolator"}, r"QuarticExtrapolator.*5.*noise_factors.*3"),
        ({"extrapolator": "CubicExtrapolator"}, r"CubicExtrapolator.*4.*noise_factors.*3"),
        ({"extrapolator": "CubicExtrapolator", "noise_factors": None}, r"Cubic.*4.*not 3"),
        ({"extrapolator": np.array(["a", "b"])}, r"extrapolator.*'a', 'b'"),
        ({"max_execution_time": 0}, r"max_execution_time.*positive number of seconds.*0"),
        ({"max_execution_time": -1}, r"max_execution_time.*-1"),
        ({"max_execution_time": float("nan")}, r"max_execution_time.*nan"),
        ({"max_execution_time": "1h"}, r"max_execution_time.*'1h'"),
    ],
    ids=label,
)
def test_out_of_range_value_error_gives_the_allowed_values(
    fields: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        Options.validate_options(tree(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        *({"optimization_level": level} for level in (0, 1, 2, 3, np.int64(2), True, 1.0)),
        {"extrapolator": "QuarticExtrapolator", "noise_factors": (1, 1.5, 2, 2.5, 3)},
        {"extrapolator": "CubicExtrapolator", "noise_factors": [1, 3, 5, 7]},
        {"extrapolator": "QuadraticExtrapolator", "noise_factors": range(1, 4)},
        {"noise_factors": np.array([1, 3, 5])},
        {"optimization_level": np.array(1)},
        {"noise_factors": None},
        *({"max_execution_time": seconds} for seconds in (None, 1, 60, 10**6, 0.5, np.int64(60))),
        # These are interpreted when the job is submitted.
        {"noise_factors": 3},
        {"extrapolator": "CubicExtrapolator", "noise_factors": 3},
        {"shots": 0, "layout_method": "random", "log_level": "LOUD", "coupling_map": "line"},
        {"foo": "anything", "transpilation": {"bar": object()}},
    ],
    ids=label,
)
def test_accepts_values_in_range(fields: dict[str, Any]) -> None:
    Options.validate_options(tree(**fields))


def test_resilience_section_can_be_validated_separately() -> None:
    ResilienceOptions.validate_resilience_options(to_dict(ResilienceOptions()))
    with pytest.raises(ValueError, match="Loud"):
        ResilienceOptions.validate_resilience_options({"noise_amplifier": "Loud"})
