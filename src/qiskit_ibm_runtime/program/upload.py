"""Source code and metadata of a program for an upload or an update."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.utils.arguments import must_be, optional_text, seconds
from qiskit_ibm_runtime.utils.json import to_base64_string

REQUIRED = ("name", "max_execution_time")
ENTRY_POINT = "def main("


@dataclass(frozen=True)
class ProgramMetadata:
    """Metadata of a program; fields that are not given are ``None``.

    .. code-block:: python

        from qiskit_ibm_runtime.program.upload import ProgramMetadata

        metadata = ProgramMetadata.read({"name": "mine", "max_execution_time": 300})
        metadata.check_complete()

    Attributes:
        name: Name of the program.
        max_execution_time: Seconds after which the service stops the program.
        description: Description of the program.
        spec: ``backend_requirements``, and JSON schemas of ``parameters``, ``return_values`` and
            ``interim_results``.
        is_public: Whether all users may run the program.
    """

    name: str | None = None
    max_execution_time: int | None = None
    description: str | None = None
    spec: dict[str, Any] | None = None
    is_public: bool | None = None

    def __post_init__(self) -> None:
        read = {
            "name": _text(self.name),
            "description": _text(self.description),
            "spec": self.spec if self.spec or isinstance(self.spec, dict) else None,
            "max_execution_time": seconds("max_execution_time", self.max_execution_time),
        }
        for field, value in read.items():
            object.__setattr__(self, field, value)  # the class is frozen
        if self.spec is not None and not isinstance(self.spec, dict):
            raise must_be("spec", "a dict of JSON schemas", self.spec)

    @classmethod
    def read(cls, metadata: Any) -> ProgramMetadata:
        """Read metadata from a dict or a JSON file; unknown keys are ignored.

        Args:
            metadata: A dict, the path of a JSON file, or ``None``.

        Raises:
            FileNotFoundError: If the file does not exist.
            IBMInputValueError: If ``metadata`` is of another type, the file contains no JSON
                object, or a field is of the wrong type.
        """
        if isinstance(metadata, (str, Path)) and metadata:
            metadata = _read_json(Path(metadata))
        metadata = metadata or {}
        if not isinstance(metadata, Mapping):
            raise IBMInputValueError(
                f"'metadata' must be a dict or the path of a JSON file, not {metadata!r}."
            )
        known = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in metadata.items() if key in known})

    def updated(self, **given: Any) -> ProgramMetadata:
        """Return a copy with the given fields replaced; empty values are ignored."""
        return replace(self, **{key: value for key, value in given.items() if value})

    def check_complete(self) -> None:
        """Check that all fields that an upload requires are set.

        Raises:
            IBMInputValueError: If ``name`` or ``max_execution_time`` is missing.
        """
        for field in REQUIRED:
            if not getattr(self, field):
                raise IBMInputValueError(
                    f"{field} is a required metadata field. Give it as metadata={{{field!r}: ...}}."
                )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else optional_text(value)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as exc:
        raise IBMInputValueError(
            f"The metadata file {str(path)!r} is not valid JSON: {exc}."
        ) from None
    if not isinstance(data, dict):
        raise IBMInputValueError(
            f"The metadata file {str(path)!r} must contain a JSON object, not "
            f"{type(data).__name__}."
        )
    return data


def encoded_source(data: Any) -> str:
    """Return the source code of a program in base64; see :func:`read_source`."""
    return to_base64_string(read_source(data))


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
        raise must_be("data", "source code or the path of a source file", data)
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
