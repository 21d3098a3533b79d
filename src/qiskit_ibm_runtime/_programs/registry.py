"""Cache of a service's programs, and requests that change them."""

from __future__ import annotations

import threading
from itertools import islice
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.api.exceptions import NO_SUCH_PROGRAM, translate_errors
from qiskit_ibm_runtime.api.http.concurrency import reset_in_children
from qiskit_ibm_runtime.api.rest.base import is_last_page
from qiskit_ibm_runtime.checks import required_id, whole_number
from qiskit_ibm_runtime.exceptions import IBMNotAuthorizedError, RuntimeDuplicateProgramError
from qiskit_ibm_runtime.program.metadata import ProgramMetadata
from qiskit_ibm_runtime.runtime_program import RuntimeProgram
from qiskit_ibm_runtime.utils.json import to_base64_string

from .upload import read_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qiskit_ibm_runtime._service.programs import Programs

PAGE_SIZE = 20


class ProgramRegistry:
    """Cache of programs, and requests that change them.

    The list is fetched page by page as far as needed. Programs fetched by id are cached as well,
    independently of the list.
    """

    def __init__(self, service: Programs) -> None:
        """Create an empty cache.

        Args:
            service: The service, whose client may be replaced at any time.
        """
        self._service = service
        self.reset_after_fork()
        reset_in_children(self)
        self._reset_list()

    def reset_after_fork(self) -> None:
        """Replace the lock, which a thread of the parent process may hold."""
        self._lock = threading.RLock()

    def _reset_list(self) -> None:
        self._listed: dict[str, None] = {}
        self._read = 0
        self._whole = False

    @property
    def _known(self) -> dict[str, RuntimeProgram]:
        return self._service._programs

    @property
    def _client(self) -> Any:
        return self._service._api_client

    def select(
        self, refresh: bool = False, limit: int | None = 20, skip: int | None = 0
    ) -> list[RuntimeProgram]:
        """Return programs in the service's order; see :meth:`QiskitRuntimeService.programs`."""
        limit, start = whole_number("limit", limit), whole_number("skip", skip) or 0
        if limit == 0:
            return []
        end = None if limit is None else start + limit
        with self._lock:
            if refresh:
                self._known.clear()
                self._reset_list()
            while not self._whole and (end is None or len(self._listed) < end):
                self._read_page()
            return [self._known[program_id] for program_id in islice(self._listed, start, end)]

    def _read_page(self) -> None:
        page = self._client.list_programs(limit=PAGE_SIZE, skip=self._read)
        records = page.get("programs") or []
        self._read += len(records)
        known = len(self._listed)
        for record in records:
            program = self._program(record)
            self._listed[program.program_id] = None
            # Keep a program that was fetched by id, whose record is at least as recent.
            self._known.setdefault(program.program_id, program)
        news = len(self._listed) > known
        self._whole = is_last_page(records, page.get("count"), self._read, news=news)

    def get(self, program_id: str, refresh: bool = False) -> RuntimeProgram:
        """Return one program; see :meth:`QiskitRuntimeService.program`."""
        program_id = required_id("program_id", program_id, "a program")
        with self._lock:
            if refresh or program_id not in self._known:
                with translate_errors(f"Failed to get program {program_id!r}", NO_SUCH_PROGRAM):
                    record = self._client.program_get(program_id)
                self._known[program_id] = self._program(record)
            return self._known[program_id]

    def upload(self, data: Any, metadata: Any = None) -> str:
        """Upload a program; see :meth:`QiskitRuntimeService.upload_program`."""
        fields = ProgramMetadata.read(metadata)
        fields.check_complete()
        source = read_source(data)
        refusals: dict[int, Any] = {
            409: (RuntimeDuplicateProgramError, "A program with the same name already exists"),
            403: (IBMNotAuthorizedError, "You are not authorized to upload programs"),
        }
        with translate_errors("Failed to create program", refusals):
            response = self._client.program_create(
                program_data=to_base64_string(source),
                name=fields.name,
                description=fields.description or "",
                max_execution_time=fields.max_execution_time,
                spec=fields.spec,
                is_public=fields.is_public,
            )
        with self._lock:
            self._reset_list()
        program_id: str = response["id"]
        return program_id

    def update(self, program_id: str, data: Any = None, metadata: Any = None, **given: Any) -> bool:
        """Update a program; see :meth:`QiskitRuntimeService.update_program`.

        Returns:
            Whether any field was given.
        """
        program_id = required_id("program_id", program_id, "a program")
        fields = ProgramMetadata.read(metadata).updated(**given)
        source = to_base64_string(read_source(data)) if data else None
        changes = (fields.name, fields.description, fields.max_execution_time, fields.spec)
        if not source and not any(changes):
            return False
        with translate_errors(f"Failed to update program {program_id!r}", NO_SUCH_PROGRAM):
            self._client.program_update(
                program_id=program_id,
                program_data=source,
                name=fields.name,
                description=fields.description,
                max_execution_time=fields.max_execution_time,
                spec=fields.spec,
            )
        with self._lock:  # fetch the program again on next access
            if self._known.pop(program_id, None):
                self._reset_list()
        return True

    def delete(self, program_id: str) -> None:
        """Delete a program; see :meth:`QiskitRuntimeService.delete_program`."""
        program_id = required_id("program_id", program_id, "a program")
        with translate_errors(f"Failed to delete program {program_id!r}", NO_SUCH_PROGRAM):
            self._client.program_delete(program_id=program_id)
        with self._lock:
            self._known.pop(program_id, None)
            if program_id in self._listed:
                # The following programs have moved up by one position.
                del self._listed[program_id]
                self._read -= 1

    def set_visibility(self, program_id: str, public: bool) -> None:
        """Set the visibility; see :meth:`QiskitRuntimeService.set_program_visibility`."""
        program_id = required_id("program_id", program_id, "a program")
        with translate_errors(
            f"Failed to set program visibility of {program_id!r}", NO_SUCH_PROGRAM
        ):
            self._client.set_program_visibility(program_id=program_id, public=bool(public))
        program = self._known.get(program_id)
        if program is not None:
            program._is_public = bool(public)

    def _program(self, record: dict[str, Any]) -> RuntimeProgram:
        return RuntimeProgram.from_record(record, self._client)


def summaries(programs: list[RuntimeProgram], detailed: bool = False) -> Iterator[str]:
    """Yield lines that describe programs, briefly or in detail."""
    for program in programs:
        yield "=" * 50
        if detailed:
            yield str(program)
        else:
            yield f"{program.program_id}:"
            yield f"  Name: {program.name}"
            yield f"  Description: {program.description}"
