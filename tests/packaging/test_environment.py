"""Unsupported environments cause a warning."""

from __future__ import annotations

import warnings

import pytest
from tests.standin import StandIn

from qiskit_ibm_runtime.utils.environment import incompatibility


@pytest.mark.parametrize(
    ("terra", "numpy", "works"),
    [
        ("0.23.3", "1.23.5", True),
        ("0.25.3", "1.26.4", True),
        ("0.25.3", "2.0.0", False),
        ("0.45.3", "2.4.6", False),
        ("0.23.3", "2.0.0rc1", False),
        ("0.46.3", "2.4.6", True),
        ("0.46.3", "1.26.4", True),
        ("1.0.0", "2.0.0", True),
    ],
)
def test_old_terra_needs_old_numpy(terra: str, numpy: str, works: bool) -> None:
    assert (incompatibility(terra, numpy) is None) is works


def test_service_with_incompatible_numpy_warns_at_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("qiskit.__version__", "0.25.3")
    monkeypatch.setattr("numpy.__version__", "2.0.0")
    with StandIn() as standin, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        standin.service()

    (warning,) = (each for each in caught if each.category is UserWarning)  # Terra has its own
    assert 'pip install "numpy<2"' in str(warning.message)
    assert warning.filename.endswith("standin.py")
