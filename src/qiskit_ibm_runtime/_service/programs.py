"""The programs of a service."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qiskit_ibm_runtime._programs.registry import ProgramRegistry
    from qiskit_ibm_runtime.runtime_program import RuntimeProgram


class Programs:
    """List, upload, change and delete programs."""

    _api_client: Any
    _programs: dict[str, Any]

    @cached_property
    def _registry(self) -> ProgramRegistry:
        from qiskit_ibm_runtime._programs.registry import ProgramRegistry

        return ProgramRegistry(self)

    def programs(
        self, refresh: bool = False, limit: int | None = 20, skip: int | None = 0
    ) -> list[RuntimeProgram]:
        """Return the programs that this account may see, in the service's order.

        The list is read as far as it is needed, and kept.

        Args:
            refresh: Whether to forget what is known and ask again.
            limit: How many at most; ``None`` means all.
            skip: How many to pass over first.

        Raises:
            IBMInputValueError: If a number is negative or none.
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
        """Print the programs that this account may see.

        Args:
            refresh: As for :meth:`programs`.
            detailed: Whether to print all that is known, not just name and description.
            limit: As for :meth:`programs`.
            skip: As for :meth:`programs`.
        """
        from qiskit_ibm_runtime._programs.registry import summaries

        for line in summaries(self.programs(refresh, limit, skip), detailed):
            print(line)  # noqa: T201

    def program(self, program_id: str, refresh: bool = False) -> RuntimeProgram:
        """Return one program.

        Args:
            program_id: The program.
            refresh: Whether to ask again though it is known.

        Raises:
            RuntimeProgramNotFound: If there is no such program.
            IBMRuntimeError: If the request fails otherwise.
        """
        return self._registry.get(program_id, refresh)

    def upload_program(self, data: str, metadata: dict[str, Any] | str | None = None) -> str:
        """Upload a program.

        Args:
            data: The source, or the path of its file.
            metadata: A dict or the path of a JSON file, with ``name`` and ``max_execution_time``
                (seconds), and if wanted ``description``, ``is_public`` and ``spec``; see
                ``program_metadata_sample.json`` in ``qiskit_ibm_runtime/program``.

        Returns:
            Id of the new program.

        Raises:
            FileNotFoundError: If ``data`` is neither source nor a file.
            IBMInputValueError: If the metadata cannot be used.
            RuntimeDuplicateProgramError: If there is a program of that name.
            IBMNotAuthorizedError: If this account may not upload programs.
            IBMRuntimeError: If the request fails otherwise.
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
        """Change a program; what is not given stays as it is.

        Args:
            program_id: The program.
            data: As for :meth:`upload_program`.
            metadata: As for :meth:`upload_program`; visibility is changed by
                :meth:`set_program_visibility` only.
            name: Wins over that in the metadata.
            description: Wins over that in the metadata.
            max_execution_time: Wins over that in the metadata.
            spec: Wins over that in the metadata.

        Raises:
            RuntimeProgramNotFound: If there is no such program.
            IBMRuntimeError: If the request fails otherwise.
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
                "None of the fields that can be updated are given. No update is made.",
                stacklevel=2,
            )

    def delete_program(self, program_id: str) -> None:
        """Delete a program.

        Args:
            program_id: The program.

        Raises:
            RuntimeProgramNotFound: If there is no such program.
            IBMRuntimeError: If the request fails otherwise.
        """
        self._registry.delete(program_id)

    def set_program_visibility(self, program_id: str, public: bool) -> None:
        """Show a program to everybody, or to this account only.

        Args:
            program_id: The program.
            public: Whether everybody may see and run it.

        Raises:
            RuntimeProgramNotFound: If there is no such program.
            IBMRuntimeError: If the request fails otherwise.
        """
        self._registry.set_visibility(program_id, public)
