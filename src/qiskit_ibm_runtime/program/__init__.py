"""Classes for authors of programs."""

from __future__ import annotations

from typing import Any

from qiskit_ibm_runtime.lazy import submodule

from .program_backend import ProgramBackend
from .result_decoder import ResultDecoder
from .user_messenger import UserMessenger

__all__ = ["ProgramBackend", "ResultDecoder", "UserMessenger"]


def __getattr__(name: str) -> Any:
    return submodule(__name__, name)
