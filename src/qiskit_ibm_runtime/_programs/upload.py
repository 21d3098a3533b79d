"""The source text of a program, however it is handed over."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

from qiskit_ibm_runtime.checks import shown
from qiskit_ibm_runtime.exceptions import IBMInputValueError

ENTRY_POINT = "def main("


def read_source(data: Any) -> str:
    """Return the source of a program.

    Args:
        data: The source itself, which has more than one line or contains ``def main(``, or the
            path of a file in UTF-8 that holds it.

    Raises:
        FileNotFoundError: If it is neither source nor the path of a file.
        IBMInputValueError: If it is of another type, empty, or a file that holds no text.
    """
    if isinstance(data, str) and (ENTRY_POINT in data or "\n" in data):
        return data
    if not data or not isinstance(data, (str, Path)):
        raise IBMInputValueError(
            f"'data' must be the source of a program or the path of its file, not {shown(data)}."
        )
    path = Path(data)
    if not _is_there(path):
        raise FileNotFoundError(
            errno.ENOENT,
            f"There is no such file, and the text is no program: {ENTRY_POINT!r} is missing",
            str(data),
        )
    try:
        source = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, IsADirectoryError) as exc:
        raise IBMInputValueError(f"{str(path)!r} holds no program: {exc}.") from None
    if not source.strip():
        raise IBMInputValueError(f"{str(path)!r} holds no program: it is empty.")
    return source


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long for a path, or with a null character
        return False
