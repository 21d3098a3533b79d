"""The programs that come with the server, as clients see them."""

from __future__ import annotations

from . import programs
from .storage.program_records import Program

_CREATED = "2023-04-20T00:00:00.000000Z"


def _built_in(program_id: str) -> Program:
    told = programs.metadata(program_id)
    return Program(
        program_id,
        None,
        told["name"],
        public=True,
        created=_CREATED,
        updated=_CREATED,
        description=told["description"],
        cost=told["max_execution_time"],
        spec=told["spec"],
    )


BUILT_IN = {program_id: _built_in(program_id) for program_id in programs.names()}
