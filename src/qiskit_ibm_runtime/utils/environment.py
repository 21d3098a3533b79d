"""Installed versions that are known to fail together."""

from __future__ import annotations

import re
import warnings

import numpy as np
import qiskit

from .deprecation import caller_stacklevel


def warn_of_environment() -> None:
    """Warn the user if Qiskit and numpy do not work together."""
    doubt = doubtful(qiskit.__version__, np.__version__)
    if doubt is not None:
        warnings.warn(doubt, stacklevel=caller_stacklevel())


def doubtful(terra: str, numpy: str) -> str | None:
    """Return what is wrong with these versions; ``None`` if nothing is known to be."""
    if _release(terra) < (0, 46) and _release(numpy) >= (2, 0):
        return (
            f"Qiskit Terra {terra} does not work with numpy {numpy}: errors from within Qiskit are "
            'to be expected. Install another numpy: pip install "numpy<2"'
        )
    return None


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
