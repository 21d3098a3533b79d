"""Records of the built-in programs, as clients see them."""

from __future__ import annotations

from . import programs
from .storage.program_records import Program

_CREATED = "2023-04-20T00:00:00.000000Z"


def _built_in(program_id: str) -> Program:
    metadata = programs.metadata(program_id)
    return Program(
        program_id,
        None,
        metadata["name"],
        public=True,
        created=_CREATED,
        updated=_CREATED,
        description=metadata["description"],
        cost=metadata["max_execution_time"],
        spec=metadata["spec"],
    )


BUILT_IN = {program_id: _built_in(program_id) for program_id in programs.names()}
