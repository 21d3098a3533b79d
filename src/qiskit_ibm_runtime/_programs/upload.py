"""Reading the source code of a program to upload."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

from qiskit_ibm_runtime.checks import shown
from qiskit_ibm_runtime.exceptions import IBMInputValueError

ENTRY_POINT = "def main("


def read_source(data: Any) -> str:
    """Return the source code of a program.

    Args:
        data: Source code, which has several lines or contains ``def main(``, or the path of a
            source file in UTF-8.

    Raises:
        FileNotFoundError: If it is neither source code nor the path of a file.
        IBMInputValueError: If it has another type, is empty, or is not a text file.
    """
    if isinstance(data, str) and (ENTRY_POINT in data or "\n" in data):
        return data
    if not data or not isinstance(data, (str, Path)):
        raise IBMInputValueError(
            f"'data' must be source code or the path of a source file, not {shown(data)}."
        )
    path = Path(data)
    if not _is_there(path):
        raise FileNotFoundError(
            errno.ENOENT,
            f"No such file, and not source code either, as {ENTRY_POINT!r} is missing",
            str(data),
        )
    try:
        source = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, IsADirectoryError) as exc:
        raise IBMInputValueError(f"{str(path)!r} is not a source file: {exc}.") from None
    if not source.strip():
        raise IBMInputValueError(f"{str(path)!r} is not a source file: it is empty.")
    return source


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # not a valid path
        return False
