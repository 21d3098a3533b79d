"""What an author says about a program when it is uploaded or updated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from qiskit_ibm_runtime.checks import check_kind, optional_text, seconds
from qiskit_ibm_runtime.exceptions import IBMInputValueError

REQUIRED = ("name", "max_execution_time")


@dataclass(frozen=True)
class ProgramMetadata:
    """Metadata of a program; what is not given is ``None``.

    .. code-block:: python

        from qiskit_ibm_runtime.program.metadata import ProgramMetadata

        metadata = ProgramMetadata.read({"name": "mine", "max_execution_time": 300})
        metadata.check_complete()

    Attributes:
        name: Name of the program.
        max_execution_time: Seconds after which the service stops it.
        description: What it does.
        spec: ``backend_requirements``, and JSON schemas of ``parameters``, ``return_values`` and
            ``interim_results``.
        is_public: Whether everybody may run it.
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
            object.__setattr__(self, field, value)  # frozen from now on
        check_kind("spec", self.spec, dict, "a dict of JSON schemas")

    @classmethod
    def read(cls, metadata: Any) -> ProgramMetadata:
        """Return the metadata in a dict or in a JSON file; keys of no meaning here are passed over.

        Args:
            metadata: A dict, the path of a JSON file, or ``None``.

        Raises:
            FileNotFoundError: If there is no such file.
            IBMInputValueError: If it is of another type, no JSON object, or a field is of the wrong
                type.
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
        """Return the metadata with the fields given, of which empty ones change nothing."""
        return replace(self, **{key: value for key, value in given.items() if value})

    def check_complete(self) -> None:
        """Check that nothing is missing that an upload needs.

        Raises:
            IBMInputValueError: If there is no name or no time limit.
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
        raise IBMInputValueError(f"The metadata file {str(path)!r} holds no JSON: {exc}.") from None
    if not isinstance(data, dict):
        raise IBMInputValueError(
            f"The metadata file {str(path)!r} has to hold a JSON object, not a "
            f"{type(data).__name__}."
        )
    return data
