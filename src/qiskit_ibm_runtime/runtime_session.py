"""Sessions of the old style: one program, written to and read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .utils.converters import hms_to_seconds

if TYPE_CHECKING:
    from .qiskit_runtime_service import QiskitRuntimeService
    from .runtime_job import RuntimeJob


class RuntimeSession:
    """A program that stays open for inputs; deprecated in favour of ``Session``.

    .. code-block:: python

        options = {"backend": "ibmq_qasm_simulator"}
        with service.open("hello-world", inputs={}, options=options) as session:
            session.write(iterations=2)
            print(session.read())
    """

    def __init__(
        self,
        service: QiskitRuntimeService,
        program_id: str,
        inputs: Any,
        options: Any = None,
        max_time: int | str | None = None,
    ) -> None:
        self._service = service
        self._program_id = program_id
        self._inputs = dict(inputs) if isinstance(inputs, dict) else dict(vars(inputs))
        self._options = _as_dict(options)
        if max_time is not None:
            text = not isinstance(max_time, int)
            self._options["session_time"] = hms_to_seconds(str(max_time)) if text else max_time
        self._initial_job: RuntimeJob | None = None
        self._job: RuntimeJob | None = None
        self._active = True

    def write(self, **kwargs: Any) -> None:
        """Run the program: the first time with the initial inputs, updated by these.

        Raises:
            RuntimeError: If the session is closed.
        """
        self._check_open()
        first = self._initial_job is None
        self._job = self._service.run(
            program_id=self._program_id,
            inputs={**self._inputs, **kwargs} if first else kwargs,
            options=self._options if first else {**self._options, "session_time": None},
            session_id=None if self._initial_job is None else self._initial_job.job_id(),
            start_session=first,
        )
        self._initial_job = self._initial_job or self._job

    def read(self, timeout: float | None = None, decoder: Any = None) -> Any:
        """Wait for the latest run and return its result.

        Args:
            timeout: Seconds to wait at most.
            decoder: Class with a ``decode`` method.

        Raises:
            RuntimeError: If the session is closed, or nothing was written yet.
        """
        self._check_open()
        if self._job is None:
            raise RuntimeError("Nothing was written to the session yet: call write() first.")
        return self._job.result(timeout=timeout, decoder=decoder)

    def info(self) -> dict[str, Any]:
        """Return backend, job and status of the latest run; empty before there is one."""
        info: dict[str, Any] = {}
        if self._options:
            info["backend"] = self._options.get("backend") or "unknown"
        if self._job is not None:
            info["job_id"] = self._job.job_id()
            info["job_status"] = self._job.status()
            info["backend"] = self._job.backend()
        return info

    def close(self) -> None:
        """Close the session."""
        if self._active and self._initial_job is not None:
            self._service._api_client.close_session(self._initial_job.job_id())
        self._active = False

    def _check_open(self) -> None:
        if not self._active:
            raise RuntimeError("The session is closed.")

    def __enter__(self) -> RuntimeSession:  # noqa: PYI034 - the surface of 0.9.3 fixes the class
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _as_dict(options: Any) -> dict[str, Any]:
    if options is None:
        return {}
    return dict(options) if isinstance(options, dict) else dict(vars(options))
