"""Sessions: a group of jobs on one backend."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import Any

from .exceptions import IBMInputValueError
from .ibm_backend import IBMBackend
from .qiskit_runtime_service import QiskitRuntimeService
from .utils.converters import hms_to_seconds
from .utils.deprecation import issue_deprecation_msg


class Session:
    """Groups jobs on one backend.

    .. code-block:: python

        with Session(service=service, backend="ibmq_qasm_simulator") as session:
            Sampler(session=session).run(circuit)
    """

    def __init__(
        self, service: Any = None, backend: Any = None, max_time: int | str | None = None
    ) -> None:
        self._service = service or (
            backend.service if isinstance(backend, IBMBackend) else QiskitRuntimeService()
        )
        if self._service.channel != "ibm_cloud" and not backend:
            raise ValueError(f'"backend" is required for ``{self._service.channel}`` channel.')
        self._instance = None
        if isinstance(backend, IBMBackend):
            self._instance = backend._instance
            backend = backend.name
        self._backend = backend
        self._session_id: str | None = None
        self._active = True
        self._circuits_map: dict[str, Any] = {}
        self._opening = threading.Lock()
        self._tokens: list[Any] = []
        self._max_time = (
            max_time
            if max_time is None or isinstance(max_time, int)
            else hms_to_seconds(max_time, "Invalid max_time value: ")
        )

    def run(
        self,
        program_id: str,
        inputs: Any,
        options: Any = None,
        callback: Any = None,
        result_decoder: Any = None,
    ) -> Any:
        """Run a program in the session; the first job opens it."""
        if not self._active:
            raise RuntimeError("The session is closed.")
        options = {} if options is None else options
        if "instance" not in options:
            options["instance"] = self._instance
        if "backend" in options:
            issue_deprecation_msg(
                "'backend' is no longer a supported option within a session",
                "0.9",
                "Instead, specify a backend when creating a Session.",
            )
            if self._backend and options["backend"] != self._backend:
                raise IBMInputValueError(
                    f"The backend {options['backend']} is different from the one of the session, {self._backend}."
                )
        else:
            options["backend"] = self._backend
        arguments = {
            "program_id": program_id,
            "options": options,
            "inputs": inputs,
            "callback": callback,
            "result_decoder": result_decoder,
        }
        if self._session_id:
            return self._service.run(**arguments, session_id=self._session_id, start_session=False)
        with self._opening:
            if self._session_id:
                return self._service.run(
                    **arguments, session_id=self._session_id, start_session=False
                )
            options["session_time"] = self._max_time
            job = self._service.run(**arguments, session_id=None, start_session=True)
            self._session_id = job.job_id()
        if self._backend is None:
            self._backend = job.backend().name
        return job

    def close(self) -> None:
        """Close the session; queued jobs still run."""
        if self._active and self._session_id:
            self._service._api_client.close_session(self._session_id)
        self._active = False

    def backend(self) -> str | None:
        """Return the name of the backend."""
        return self._backend

    @property
    def session_id(self) -> str | None:
        """Id of the session: that of its first job."""
        return self._session_id

    @property
    def service(self) -> Any:
        """Service of the session."""
        return self._service

    def __enter__(self) -> Session:
        self._tokens.append((_DEFAULT_SESSION.set(self), _IN_SESSION_CM.set(True)))
        return self

    def __exit__(self, *exc: object) -> None:
        session, inside = self._tokens.pop()
        _DEFAULT_SESSION.reset(session)
        _IN_SESSION_CM.reset(inside)


_DEFAULT_SESSION: ContextVar[Session | None] = ContextVar("_DEFAULT_SESSION", default=None)
_IN_SESSION_CM: ContextVar[bool] = ContextVar("_IN_SESSION_CM", default=False)


def set_cm_session(session: Session | None) -> None:
    """Set the session of the context."""
    _DEFAULT_SESSION.set(session)
    _IN_SESSION_CM.set(session is not None)


def get_default_session(service: Any = None, backend: Any = None) -> Session:
    """Return the default session, or a new one if it does not fit."""
    name = backend.name if isinstance(backend, IBMBackend) else backend
    current = _DEFAULT_SESSION.get()
    fits = (
        current is not None
        and current._active
        and (name is None or name == current.backend())
        and (service is None or service is current.service)
    )
    if fits and current is not None:
        return current
    inside = _IN_SESSION_CM.get()
    if current is not None and current._active and not inside:
        current.close()
    if service is None:
        if isinstance(backend, IBMBackend):
            service = backend.service
        else:
            service = current.service if inside and current is not None else QiskitRuntimeService()
    session = Session(service=service, backend=backend)
    if not inside:
        _DEFAULT_SESSION.set(session)
    return session
