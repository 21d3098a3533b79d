"""The QPY of the installed Qiskit."""

from __future__ import annotations

from typing import Any

from qiskit import qpy as _qpy


def dump(programs: Any, file_obj: Any, metadata_serializer: Any = None) -> None:
    """Write circuits."""
    _qpy.dump(programs, file_obj, metadata_serializer)


def load(file_obj: Any, metadata_deserializer: Any = None) -> Any:
    """Read circuits."""
    return _qpy.load(file_obj, metadata_deserializer)
