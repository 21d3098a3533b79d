"""Sessions, and the default session of a context."""

from __future__ import annotations

import threading
import warnings
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Callable, Literal, overload

from qiskit.exceptions import QiskitError

from ._backends.instances import instance_for, same_account, service_for
from .accounts.validation import HUB_CHANNELS
from .api.http.liveness import why_ended
from .exceptions import IBMInputValueError
from .ibm_backend import IBMBackend
from .qiskit_runtime_service import QiskitRuntimeService
from .runtime_options import RuntimeOptions, SecondsOfSession, session_seconds
from .utils.arguments import must_be, required_id
from .utils.deprecation import caller_stacklevel, issue_deprecation_msg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._jobs.submission import DryRun
    from .program.result_decoder import Decoder
    from .runtime_job import RuntimeJob
    from .runtime_program import ParameterNamespace


class Session:
    """A group of jobs on one backend, which the service runs with priority.

    The first job opens the session on the service. Leaving a ``with`` block does not close it, so
    queued jobs still run in the session; call :meth:`close` to close it.

    .. code-block:: python

        from qiskit.circuit.library import RealAmplitudes
        from qiskit_ibm_runtime import Estimator, QiskitRuntimeService, Session

        service = QiskitRuntimeService(channel="local")
        with Session(service=service, backend="ibmq_qasm_simulator", max_time="10m") as session:
            estimator = Estimator(session=session)
            job = estimator.run(RealAmplitudes(2, reps=1), "ZZ", [0.1, 0.2, 0.3, 0.4])
            print(job.result().values)
            session.close()
    """

    def __init__(
        self,
        service: QiskitRuntimeService | None = None,
        backend: str | IBMBackend | None = None,
        max_time: int | str | None = None,
    ) -> None:
        """Create a session, which its first job opens.

        Args:
            service: The service; by default the backend's, or that of the default account.
            backend: The backend or its name; optional only on channel ``ibm_cloud``. A backend
                object determines service and instance.
            max_time: Maximum lifetime of the session, in seconds or as a string such as
                ``"2h 30m"``.

        Raises:
            ValueError: If the channel requires a backend and none is given.
            IBMInputValueError: If ``max_time`` is malformed.
        """
        service = service_for(service, backend) or QiskitRuntimeService()
        if service.channel in HUB_CHANNELS and not backend:
            raise ValueError(f'"backend" is required for the ``{service.channel}`` channel.')
        self._service = service
        self._instance = backend._instance if isinstance(backend, IBMBackend) else None
        self._backend: str | None = _name_of(backend)
        self._max_time = session_seconds(max_time)
        self._session_id: str | None = None
        self._active = True
        self._circuits_map: dict[str, Any] = {}
        # Whether jobs run outside any session, as for primitives without one on the platform.
        self._alone = False
        self._opening = threading.Lock()

    @classmethod
    def from_id(
        cls,
        session_id: str,
        service: QiskitRuntimeService | None = None,
        backend: str | IBMBackend | None = None,
    ) -> Session:
        """Return a handle of an existing session, without any request.

        Args:
            session_id: Id of the session, which is that of its first job.
            service: As for the constructor.
            backend: As for the constructor.

        Raises:
            IBMInputValueError: If the id is not a string.
        """
        session = cls(service=service, backend=backend)
        session._session_id = required_id("session_id", session_id)
        return session

    @overload
    def run(
        self,
        program_id: str,
        inputs: Any,
        options: dict[str, Any] | RuntimeOptions | None = None,
        callback: Callable[..., Any] | None = None,
        result_decoder: Any = None,
        *,
        dry_run: Literal[True],
    ) -> DryRun: ...

    @overload
    def run(
        self,
        program_id: str,
        inputs: Any,
        options: dict[str, Any] | RuntimeOptions | None = None,
        callback: Callable[..., Any] | None = None,
        result_decoder: Any = None,
        *,
        dry_run: Literal[False] = False,
    ) -> RuntimeJob: ...

    def run(
        self,
        program_id: str,
        inputs: dict[str, Any] | ParameterNamespace,
        options: dict[str, Any] | RuntimeOptions | None = None,
        callback: Callable[..., Any] | None = None,
        result_decoder: Decoder | Sequence[Decoder] | None = None,
        *,
        dry_run: bool = False,
    ) -> RuntimeJob | DryRun:
        """Submit a program as a job in this session.

        The first job opens the session. Jobs submitted by other threads in the meantime wait until
        it is open, so several threads share one session.

        .. versionadded:: 0.9.3+embedded.1
           The ``dry_run`` argument.

        Args:
            program_id: Id of the program.
            inputs: Program inputs.
            options: Options of the job. As in 0.9.3, a nonempty dict is modified: the session adds
                its instance, backend and, if the job opens the session, maximum time.
            callback: Called with job id and message for each interim result and the final result.
            result_decoder: As for :meth:`QiskitRuntimeService.run`.
            dry_run: As for :meth:`QiskitRuntimeService.run`.

        Returns:
            The job.

        Raises:
            RuntimeError: If the session is closed.
            IBMInputValueError: If the options name another backend, or an argument is invalid.
        """
        arguments: dict[str, Any] = {
            "program_id": program_id,
            "options": self._completed(options),
            "inputs": inputs,
            "callback": callback,
            "result_decoder": result_decoder,
        }
        if dry_run:
            return self._dry_run(arguments)
        if self._session_id is None and not self._alone:
            with self._opening:
                # Another thread may have opened or closed the session in the meantime.
                if self._session_id is None:
                    return self._open(arguments)
        self._check_active()
        job: RuntimeJob = self._service.run(
            **arguments, session_id=self.session_id, start_session=False
        )
        return job

    def _dry_run(self, arguments: dict[str, Any]) -> DryRun:
        opens = self._session_id is None and not self._alone
        time = {"session_time": self._max_time} if opens else {}
        sent = {**arguments, "options": {**arguments["options"], **time}}
        return self._service.run(
            **sent, session_id=self.session_id, start_session=opens, dry_run=True
        )

    def _open(self, arguments: dict[str, Any]) -> RuntimeJob:
        self._check_active()
        options = arguments.pop("options")
        options["session_time"] = self._max_time and SecondsOfSession(self._max_time)
        sent = {**options, "session_time": self._max_time}
        job: RuntimeJob = self._service.run(
            **arguments, options=sent, session_id=None, start_session=True
        )
        # Empty if the service did not open a session, so that each job runs on its own.
        opened = getattr(job, "_session_id", None)
        self._session_id = opened if isinstance(opened, str) else job.job_id()
        if self._backend is None:
            # Failing to look up the backend must not lose the job, which is submitted.
            with suppress(QiskitError):
                chosen = job.backend()
                self._backend = None if chosen is None else chosen.name
        return job

    def _check_active(self) -> None:
        if not self._active:
            raise RuntimeError("The session is closed.")

    def _completed(self, given_options: Any) -> dict[str, Any]:
        self._check_active()
        # As in 0.9.3, a nonempty dict of the user is modified, but an empty one is not.
        options: Any = given_options or {}
        if isinstance(options, RuntimeOptions):
            options = {k: value for k, value in vars(options).items() if value is not None}
        if not isinstance(options, dict):
            raise must_be("options", "a dict or a RuntimeOptions", options)
        for name, own in (("instance", self._instance), ("backend", self._backend)):
            given = options.get(name)
            if given is None or isinstance(given, _Filled):
                options[name] = _Filled(own) if isinstance(own, str) else own
            elif name == "backend":
                self._check_backend(_name_of(given))
        return options

    def _check_backend(self, given: Any) -> None:
        issue_deprecation_msg(
            "'backend' is no longer a supported option within a session",
            "0.9",
            "Instead, specify a backend when creating a Session instance.",
            stacklevel=caller_stacklevel(),
        )
        if self._backend and given != self._backend:
            raise IBMInputValueError(
                f"The backend {given!r} of the options is different from the session's, "
                f"{self._backend!r}. Remove 'backend' from the options, or create another session."
            )

    def close(self) -> None:
        """Close the session: it accepts no more jobs, but queued jobs still run.

        Calling this again does nothing. If the request fails, the session stays open.

        Raises:
            RequestsApiError: If the request fails.
        """
        with self._opening:
            if self._active and self._session_id and not self._is_gone():
                self._service._api_client.close_session(self._session_id)
            self._active = False

    def _is_gone(self) -> bool:
        """Whether the service was an embedded runtime that has stopped."""
        params = getattr(self._service, "_client_params", None)
        return params is not None and why_ended(str(params.url)) is not None

    def backend(self) -> str | None:
        """Return the name of the backend; ``None`` until the service has chosen one."""
        return self._backend

    @property
    def session_id(self) -> str | None:
        """Id of the session; ``None`` before its first job."""
        return self._session_id or None

    @property
    def service(self) -> QiskitRuntimeService:
        """Service of the session."""
        return self._service

    def __enter__(self) -> Session:  # noqa: PYI034 - the surface of 0.9.3 fixes the class
        _OUTER.set((*_OUTER.get(), (_DEFAULT_SESSION.get(), _IN_SESSION_CM.get())))
        set_cm_session(self)
        return self

    def __exit__(self, *exc: object) -> None:
        *outer, (default, inside) = _OUTER.get() or ((None, False),)
        _OUTER.set(tuple(outer))
        _DEFAULT_SESSION.set(default)
        _IN_SESSION_CM.set(inside)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_opening"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._opening = threading.Lock()

    def _repr_html_(self) -> str:
        from ._display.cards import session_card

        return session_card(self)

    def __repr__(self) -> str:
        state = "" if self._active else ", closed"
        return f"<Session(id={self._session_id!r}, backend={self._backend!r}{state})>"


class _Filled(str):
    """A string that the session added to options.

    As in 0.9.3, the session modifies the user's dict. If the dict is used again, this type
    distinguishes values added by a session from those of the user.
    """

    __slots__ = ()


_DEFAULT_SESSION: ContextVar[Session | None] = ContextVar("_DEFAULT_SESSION", default=None)
_IN_SESSION_CM: ContextVar[bool] = ContextVar("_IN_SESSION_CM", default=False)
# Values of both outside each `with` block of this context, innermost last.
_OUTER: ContextVar[tuple[tuple[Session | None, bool], ...]] = ContextVar("_OUTER", default=())


def set_cm_session(session: Session | None) -> None:
    """Set the default session of this context, as a ``with`` block does; ``None`` resets it."""
    _DEFAULT_SESSION.set(session)
    _IN_SESSION_CM.set(session is not None)


def get_default_session(
    service: QiskitRuntimeService | None = None, backend: str | IBMBackend | None = None
) -> Session:
    """Return the default session, or a new one if the default does not match.

    Args:
        service: The required service.
        backend: The required backend, or its name.

    Returns:
        The default session, if it is open and has the given service and backend; for a backend
        object, also the object's service and instance. Otherwise a new session, which replaces the
        default session and closes it; but inside a ``with`` block, the block's session stays the
        default.
    """
    current = _DEFAULT_SESSION.get()
    if current is not None and _fits(current, service, backend):
        return current
    inside = _IN_SESSION_CM.get()
    if current is not None and current._active and not inside:
        _close_replaced(current)
    if service is None and current is not None and inside and not isinstance(backend, IBMBackend):
        service = current.service
    session = Session(service=service, backend=backend)
    session._alone = getattr(session.service, "_sessions_cost", False) is True
    if not inside:
        _DEFAULT_SESSION.set(session)
    return session


def _close_replaced(session: Session) -> None:
    try:
        session.close()
    except QiskitError as error:  # the new session works anyway
        warnings.warn(
            f"The default session {session.session_id} could not be closed and stays open until "
            f"its maximum time expires: {error}",
            stacklevel=caller_stacklevel(),
        )


def _fits(session: Session, service: Any, backend: Any) -> bool:
    name = _name_of(backend)
    return (
        session._active
        and not session._is_gone()
        and (name is None or name == session.backend())
        and (service is None or same_account(service, session.service))
        and (not isinstance(backend, IBMBackend) or _is_place_of(session, backend))
    )


def _is_place_of(session: Session, backend: IBMBackend) -> bool:
    """Return whether the session has the service and instance of the backend object."""
    instance = session._instance
    if instance is None and isinstance(session.service, QiskitRuntimeService):
        instance = instance_for(session.service, None, session.backend())
    return backend._instance == instance and (
        backend.service is None or same_account(backend.service, session.service)
    )


def _name_of(backend: Any) -> Any:
    return backend.name if isinstance(backend, IBMBackend) else backend
