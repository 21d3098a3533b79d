"""Detection of incompatible versions of dependencies."""

from __future__ import annotations

import re
import warnings

import numpy as np
import qiskit

from .deprecation import caller_stacklevel


def warn_of_environment() -> None:
    """Warn if the installed versions of Qiskit and numpy are incompatible."""
    problem = incompatibility(qiskit.__version__, np.__version__)
    if problem is not None:
        warnings.warn(problem, stacklevel=caller_stacklevel())


def incompatibility(terra: str, numpy: str) -> str | None:
    """Describe a known incompatibility of these versions; ``None`` if there is none."""
    if _release(terra) < (0, 46) and _release(numpy) >= (2, 0):
        return (
            f"Qiskit Terra {terra} is not compatible with numpy {numpy}: expect errors from "
            'Qiskit. Install an older numpy: pip install "numpy<2"'
        )
    return None


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
