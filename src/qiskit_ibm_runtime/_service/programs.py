"""Methods of the service for managing programs."""

from __future__ import annotations

import threading
import warnings
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.api.exceptions import NO_SUCH_PROGRAM, translate_errors
from qiskit_ibm_runtime.api.http.concurrency import reset_in_children
from qiskit_ibm_runtime.exceptions import IBMNotAuthorizedError, RuntimeDuplicateProgramError
from qiskit_ibm_runtime.runtime_program import RuntimeProgram
from qiskit_ibm_runtime.utils.arguments import required_id, whole_number

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.exceptions import Reading

PAGE_SIZE = 20


class ProgramList:
    """Ids of the programs in the service's order, read page by page as far as needed.

    Attributes:
        lock: Lock of the list and of the cached programs.
        ids: The ids, as keys of a dict.
        read: Number of records read.
        whole: Whether all pages are read.
    """

    def __init__(self) -> None:
        self.reset_after_fork()
        reset_in_children(self)
        self.clear()

    def reset_after_fork(self) -> None:
        """Replace the lock, which a thread of the parent process may hold."""
        self.lock = threading.RLock()

    def clear(self) -> None:
        """Read the list again on next access."""
        self.ids: dict[str, None] = {}
        self.read = 0
        self.whole = False


class Programs:
    """Methods for listing, uploading, changing and deleting programs.

    Programs fetched by id are cached as well, independently of the list.
    """

    _api_client: Any
    _programs: dict[str, Any]

    @cached_property
    def _listed(self) -> ProgramList:
        return ProgramList()

    def programs(
        self, refresh: bool = False, limit: int | None = 20, skip: int | None = 0
    ) -> list[RuntimeProgram]:
        """Return the programs that this account can access, in the service's order.

        The list is fetched as far as needed, and cached.

        Args:
            refresh: Whether to discard the cache.
            limit: Maximum number of programs; ``None`` for all.
            skip: Number of programs to skip.

        Raises:
            IBMInputValueError: If a number is negative or not a number.
            RequestsApiError: If a request fails.
        """
        most, start = whole_number("limit", limit), whole_number("skip", skip) or 0
        if most == 0:
            return []
        end = None if most is None else start + most
        listed = self._listed
        with listed.lock:
            if refresh:
                self._programs.clear()
                listed.clear()
            while not listed.whole and (end is None or len(listed.ids) < end):
                self._read_page()
            return [self._programs[program_id] for program_id in islice(listed.ids, start, end)]

    def _read_page(self) -> None:
        from qiskit_ibm_runtime.api.rest.base import is_last_page

        listed = self._listed
        page = self._api_client.list_programs(limit=PAGE_SIZE, skip=listed.read)
        records = page.get("programs") or []
        listed.read += len(records)
        known = len(listed.ids)
        for record in records:
            program = RuntimeProgram.from_record(record, self._api_client)
            listed.ids[program.program_id] = None
            # Keep a program that was fetched by id, whose record is at least as recent.
            self._programs.setdefault(program.program_id, program)
        news = len(listed.ids) > known
        listed.whole = is_last_page(records, page.get("count"), listed.read, news=news)

    def pprint_programs(
        self,
        refresh: bool = False,
        detailed: bool = False,
        limit: int | None = 20,
        skip: int | None = 0,
    ) -> None:
        """Print name and description of programs, or all metadata if ``detailed``.

        The other arguments are those of :meth:`programs`.
        """
        for program in self.programs(refresh, limit, skip):
            print("=" * 50)  # noqa: T201
            brief = islice(program._lines(), 3)  # id, name and description
            print(program if detailed else "\n".join(brief))  # noqa: T201

    def program(self, program_id: str, refresh: bool = False) -> RuntimeProgram:
        """Return one program.

        Args:
            program_id: Id of the program.
            refresh: Whether to fetch it even if it is cached.

        Raises:
            RuntimeProgramNotFound: If there is no such program.
            IBMRuntimeError: If the request fails for another reason.
        """
        program_id = required_id("program_id", program_id)
        with self._listed.lock:
            if refresh or program_id not in self._programs:
                with translate_errors(f"Failed to get program {program_id!r}", NO_SUCH_PROGRAM):
                    record = self._api_client.program_get(program_id)
                program = RuntimeProgram.from_record(record, self._api_client)
                self._programs[program_id] = program
            return self._programs[program_id]  # type: ignore[no-any-return]

    def upload_program(self, data: str, metadata: dict[str, Any] | str | None = None) -> str:
        """Upload a program.

        Args:
            data: Source code, or the path of a source file.
            metadata: A dict or the path of a JSON file, with ``name`` and ``max_execution_time``
                (in seconds), and optionally ``description``, ``is_public`` and ``spec``; see
                ``program_metadata_sample.json`` in ``qiskit_ibm_runtime/program``.

        Returns:
            Id of the new program.

        Raises:
            FileNotFoundError: If ``data`` is neither source code nor a file.
            IBMInputValueError: If the metadata are invalid.
            RuntimeDuplicateProgramError: If there is already a program with that name.
            IBMNotAuthorizedError: If this account may not upload programs.
            IBMRuntimeError: If the request fails for another reason.
        """
        from qiskit_ibm_runtime.program.upload import ProgramMetadata, encoded_source

        fields = ProgramMetadata.read(metadata)
        fields.check_complete()
        source = encoded_source(data)
        refusals: dict[int, Reading] = {
            409: (RuntimeDuplicateProgramError, "A program with the same name already exists"),
            403: (IBMNotAuthorizedError, "You are not authorized to upload programs"),
        }
        with translate_errors("Failed to create program", refusals):
            response = self._api_client.program_create(
                program_data=source,
                name=fields.name,
                description=fields.description or "",
                max_execution_time=fields.max_execution_time,
                spec=fields.spec,
                is_public=fields.is_public,
            )
        with self._listed.lock:
            self._listed.clear()
        return response["id"]  # type: ignore[no-any-return]

    def update_program(
        self,
        program_id: str,
        data: str | None = None,
        metadata: dict[str, Any] | str | None = None,
        name: str | None = None,
        description: str | None = None,
        max_execution_time: int | None = None,
        spec: dict[str, Any] | None = None,
    ) -> None:
        """Update the given fields of a program.

        Args:
            program_id: Id of the program.
            data: As for :meth:`upload_program`.
            metadata: As for :meth:`upload_program`; to change the visibility, use
                :meth:`set_program_visibility`.
            name: Overrides the name in the metadata.
            description: Overrides the description in the metadata.
            max_execution_time: Overrides the time in the metadata.
            spec: Overrides the spec in the metadata.

        Raises:
            RuntimeProgramNotFound: If there is no such program.
            IBMRuntimeError: If the request fails for another reason.
        """
        from qiskit_ibm_runtime.program.upload import ProgramMetadata, encoded_source

        program_id = required_id("program_id", program_id)
        fields = ProgramMetadata.read(metadata).updated(
            name=name, description=description, max_execution_time=max_execution_time, spec=spec
        )
        changes = {
            "program_data": encoded_source(data) if data else None,
            "name": fields.name,
            "description": fields.description,
            "max_execution_time": fields.max_execution_time,
            "spec": fields.spec,
        }
        if not any(changes.values()):
            warnings.warn("No fields to update were given. No update is made.", stacklevel=2)
            return
        with translate_errors(f"Failed to update program {program_id!r}", NO_SUCH_PROGRAM):
            self._api_client.program_update(program_id=program_id, **changes)
        with self._listed.lock:  # fetch the program again on next access
            if self._programs.pop(program_id, None):
                self._listed.clear()

    def delete_program(self, program_id: str) -> None:
        """Delete a program.

        Args:
            program_id: Id of the program.

        Raises:
            RuntimeProgramNotFound: If there is no such program.
            IBMRuntimeError: If the request fails for another reason.
        """
        program_id = required_id("program_id", program_id)
        with translate_errors(f"Failed to delete program {program_id!r}", NO_SUCH_PROGRAM):
            self._api_client.program_delete(program_id=program_id)
        listed = self._listed
        with listed.lock:
            self._programs.pop(program_id, None)
            if program_id in listed.ids:
                # The following programs have moved up by one position.
                del listed.ids[program_id]
                listed.read -= 1

    def set_program_visibility(self, program_id: str, public: bool) -> None:
        """Make a program public or private.

        Args:
            program_id: Id of the program.
            public: Whether all users can see and run it.

        Raises:
            RuntimeProgramNotFound: If there is no such program.
            IBMRuntimeError: If the request fails for another reason.
        """
        program_id = required_id("program_id", program_id)
        with translate_errors(
            f"Failed to set program visibility of {program_id!r}", NO_SUCH_PROGRAM
        ):
            self._api_client.set_program_visibility(program_id=program_id, public=bool(public))
        program = self._programs.get(program_id)
        if program is not None:
            program._is_public = bool(public)
