"""Methods of the service for managing programs."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qiskit_ibm_runtime._programs.registry import ProgramRegistry
    from qiskit_ibm_runtime.runtime_program import RuntimeProgram


class Programs:
    """Methods for listing, uploading, changing and deleting programs."""

    _api_client: Any
    _programs: dict[str, Any]

    @cached_property
    def _registry(self) -> ProgramRegistry:
        from qiskit_ibm_runtime._programs.registry import ProgramRegistry

        return ProgramRegistry(self)

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
        return self._registry.select(refresh, limit, skip)

    def pprint_programs(
        self,
        refresh: bool = False,
        detailed: bool = False,
        limit: int | None = 20,
        skip: int | None = 0,
    ) -> None:
        """Print the programs that this account can access.

        Args:
            refresh: As for :meth:`programs`.
            detailed: Whether to print all metadata, not just name and description.
            limit: As for :meth:`programs`.
            skip: As for :meth:`programs`.
        """
        from qiskit_ibm_runtime._programs.registry import summaries

        for line in summaries(self.programs(refresh, limit, skip), detailed):
            print(line)  # noqa: T201

    def program(self, program_id: str, refresh: bool = False) -> RuntimeProgram:
        """Return one program.

        Args:
            program_id: Id of the program.
            refresh: Whether to fetch it even if it is cached.

        Raises:
            RuntimeProgramNotFound: If there is no such program.
            IBMRuntimeError: If the request fails for another reason.
        """
        return self._registry.get(program_id, refresh)

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
        return self._registry.upload(data, metadata)

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
        changed = self._registry.update(
            program_id,
            data,
            metadata,
            name=name,
            description=description,
            max_execution_time=max_execution_time,
            spec=spec,
        )
        if not changed:
            warnings.warn(
                "No fields to update were given. No update is made.",
                stacklevel=2,
            )

    def delete_program(self, program_id: str) -> None:
        """Delete a program.

        Args:
            program_id: Id of the program.

        Raises:
            RuntimeProgramNotFound: If there is no such program.
            IBMRuntimeError: If the request fails for another reason.
        """
        self._registry.delete(program_id)

    def set_program_visibility(self, program_id: str, public: bool) -> None:
        """Make a program public or private.

        Args:
            program_id: Id of the program.
            public: Whether all users can see and run it.

        Raises:
            RuntimeProgramNotFound: If there is no such program.
            IBMRuntimeError: If the request fails for another reason.
        """
        self._registry.set_visibility(program_id, public)
