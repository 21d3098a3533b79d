"""Deprecated sessions, which write to and read from one program."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from .runtime_options import RuntimeOptions, session_seconds
from .runtime_program import ParameterNamespace
from .utils.arguments import must_be

if TYPE_CHECKING:
    from .program.result_decoder import Decoder
    from .qiskit_runtime_service import QiskitRuntimeService
    from .runtime_job import RuntimeJob


class RuntimeSession:
    """A session that runs one program repeatedly; deprecated in favor of :class:`Session`.

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService

        service = QiskitRuntimeService(channel="local")
        options = {"backend": "ibmq_qasm_simulator"}
        with service.open("hello-world", inputs={}, options=options) as session:
            session.write(iterations=2)
            print(session.read())
    """

    def __init__(
        self,
        service: QiskitRuntimeService,
        program_id: str,
        inputs: dict[str, Any] | ParameterNamespace,
        options: RuntimeOptions | dict[str, Any] | None = None,
        max_time: int | str | None = None,
    ) -> None:
        """Create the session; sends no request.

        Args:
            service: The service.
            program_id: The program.
            inputs: Initial inputs, which :meth:`write` may complete.
            options: As for :meth:`QiskitRuntimeService.run`; the object is not modified.
            max_time: Maximum duration: seconds, or a string such as ``"2h 30m"``.

        Raises:
            IBMInputValueError: If ``inputs``, ``options`` or ``max_time`` is invalid.
        """
        options, inputs = options or {}, inputs or {}
        if not isinstance(options, (dict, RuntimeOptions)):
            raise must_be("options", "a dict or a RuntimeOptions", options)
        if not isinstance(inputs, (dict, ParameterNamespace)):
            raise must_be("inputs", "a dict or the namespace from program.parameters()", inputs)
        self._service = service
        self._program_id = program_id
        self._inputs = copy.copy(inputs)
        self._options: dict[str, Any] = dict(
            vars(options) if isinstance(options, RuntimeOptions) else options
        )
        if max_time:
            self._options["session_time"] = session_seconds(max_time)
        self._initial_job: RuntimeJob | None = None
        self._job: RuntimeJob | None = None
        self._active = True

    def write(self, **kwargs: Any) -> None:
        """Run the program with inputs; the first run also uses the initial inputs.

        Args:
            **kwargs: Inputs by name; they replace initial inputs of the same name.

        Raises:
            RuntimeError: If the session is closed.
            IBMInputValueError: If the inputs are incomplete.
        """
        self._check_open()
        first = self._initial_job is None
        self._job = self._service.run(
            program_id=self._program_id,
            inputs=self._first_inputs(kwargs) if first else kwargs,
            options=self._options if first else {**self._options, "session_time": None},
            session_id=None if self._initial_job is None else self._initial_job.job_id(),
            start_session=first,
        )
        self._initial_job = self._initial_job or self._job

    def _first_inputs(self, given: dict[str, Any]) -> dict[str, Any] | ParameterNamespace:
        inputs = copy.copy(self._inputs)
        (vars(inputs) if isinstance(inputs, ParameterNamespace) else inputs).update(given)
        return inputs

    def read(self, timeout: float | None = None, decoder: Decoder | None = None) -> Any:
        """Wait for the latest run and return its result.

        Args:
            timeout: Maximum number of seconds to wait.
            decoder: Class with a ``decode`` method.

        Raises:
            RuntimeError: If the session is closed, or :meth:`write` was not called yet.
        """
        self._check_open()
        if self._job is None:
            raise RuntimeError("The session has not run the program yet; call write() first.")
        return self._job.result(timeout=timeout, decoder=decoder)

    def info(self) -> dict[str, Any]:
        """Return backend, job ID and status of the latest run; empty without options and runs."""
        info: dict[str, Any] = {}
        if self._options:
            info["backend"] = self._options.get("backend") or "unknown"
        if self._job is not None:
            info["backend"] = self._job.backend()
            info["job_id"] = self._job.job_id()
            info["job_status"] = self._job.status()
        return info

    def close(self) -> None:
        """Close the session; further calls have no effect.

        Raises:
            RequestsApiError: If the service refuses; the session then stays open.
        """
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
