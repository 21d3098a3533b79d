"""Sessions: groups of jobs on one backend, and the default one."""

from __future__ import annotations

import threading
import warnings
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Callable, Literal, overload

from qiskit.exceptions import QiskitError

from ._backends.matching import instance_for, same_account, service_for
from .accounts.validation import HUB_CHANNELS
from .api.http.liveness import why_ended
from .checks import check_kind, required_id
from .exceptions import IBMInputValueError
from .ibm_backend import IBMBackend
from .qiskit_runtime_service import QiskitRuntimeService
from .runtime_options import RuntimeOptions, SecondsOfSession, session_seconds
from .utils.deprecation import caller_stacklevel, issue_deprecation_msg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._jobs.dry_run import DryRun
    from .program.result_decoder import Decoder
    from .runtime_job import RuntimeJob
    from .runtime_program import ParameterNamespace


class Session:
    """A group of jobs on one backend, which the service runs close together.

    The first job opens the session on the service. Leaving a ``with`` block does not close it, so
    that jobs still waiting run inside it; :meth:`close` does.

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
        """Prepare a session. It is opened by its first job.

        Args:
            service: The service; by default that of the backend, else of the default account.
            backend: The backend or its name; it may be left out on channel ``ibm_cloud`` only.
                A backend object brings its service and its instance with it.
            max_time: How long the session may live: seconds, or a string such as ``"2h 30m"``.

        Raises:
            ValueError: If the channel needs a backend and none is given.
            IBMInputValueError: If ``max_time`` cannot be understood.
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
        # Whether each job runs by itself, as those of primitives without a session do today.
        self._alone = False
        self._opening = threading.Lock()

    @classmethod
    def from_id(
        cls,
        session_id: str,
        service: QiskitRuntimeService | None = None,
        backend: str | IBMBackend | None = None,
    ) -> Session:
        """Return a handle of a session that was opened before; nothing is sent.

        Args:
            session_id: Id of the session, which is that of its first job.
            service: As for the constructor.
            backend: As for the constructor.

        Raises:
            IBMInputValueError: If the id is no text.
        """
        session = cls(service=service, backend=backend)
        session._session_id = required_id("session_id", session_id, "a session")
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
        """Run a program in this session.

        The first job opens the session; jobs that other threads send meanwhile wait until it is
        open, so that there is one session however many threads there are.

        Args:
            program_id: The program.
            inputs: Its inputs.
            options: Options of the job. A dict that is not empty gets what the session knows
                added, as in 0.9.3: the instance, the backend and, if the job opens the session, its
                time.
            callback: Called with job id and message for each message of the job.
            result_decoder: As for :meth:`QiskitRuntimeService.run`.
            dry_run: As for :meth:`QiskitRuntimeService.run`.

        Returns:
            The job.

        Raises:
            RuntimeError: If the session is closed.
            IBMInputValueError: If the options name another backend, or an argument cannot be used.
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
                # Another thread may have opened the session, or closed it, while this one waited.
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
        # Empty where the service opened none, so that each job runs by itself.
        opened = getattr(job, "_session_id", None)
        self._session_id = opened if isinstance(opened, str) else job.job_id()
        if self._backend is None:
            # The job runs; that its backend cannot be asked for now must not lose it.
            with suppress(QiskitError):
                chosen = job.backend()
                self._backend = None if chosen is None else chosen.name
        return job

    def _check_active(self) -> None:
        if not self._active:
            raise RuntimeError("The session is closed.")

    def _completed(self, given_options: Any) -> dict[str, Any]:
        self._check_active()
        # As in 0.9.3, an empty dict of the user is left alone and another one is completed.
        options: dict[str, Any] = given_options or {}
        check_kind("options", options, (dict, RuntimeOptions), "a dict or a RuntimeOptions")
        if isinstance(given_options, RuntimeOptions):
            options = {k: value for k, value in vars(given_options).items() if value is not None}
        if _may_fill(options.get("instance")):
            options["instance"] = _filled(self._instance)
        given = options.get("backend")
        if _may_fill(given):
            options["backend"] = _filled(self._backend)
        else:
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
                f"{self._backend!r}."
            )

    def close(self) -> None:
        """Close the session: it takes no more jobs; those that wait still run.

        A second call does nothing. If the service refuses, the session stays open.

        Raises:
            RequestsApiError: If the service refuses.
        """
        with self._opening:
            if self._active and self._session_id and not self._is_gone():
                self._service._api_client.close_session(self._session_id)
            self._active = False

    def _is_gone(self) -> bool:
        """Whether the service was an embedded runtime that has ended."""
        params = getattr(self._service, "_client_params", None)
        return params is not None and why_ended(str(params.url)) is not None

    def backend(self) -> str | None:
        """Return the name of the backend; ``None`` while the service has not chosen one."""
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
    """A text that the session, and not the user, put into options.

    0.9.3 completes the user's own dict. When that comes back, for this session or another one, what
    the user wrote and what we did can so be told apart.
    """

    __slots__ = ()


def _filled(value: Any) -> Any:
    return _Filled(value) if isinstance(value, str) else value


def _may_fill(value: Any) -> bool:
    return value is None or isinstance(value, _Filled)


_DEFAULT_SESSION: ContextVar[Session | None] = ContextVar("_DEFAULT_SESSION", default=None)
_IN_SESSION_CM: ContextVar[bool] = ContextVar("_IN_SESSION_CM", default=False)
# What both were outside each `with` block of this context, the innermost last.
_OUTER: ContextVar[tuple[tuple[Session | None, bool], ...]] = ContextVar("_OUTER", default=())


def set_cm_session(session: Session | None) -> None:
    """Make a session the default of this context, as a ``with`` block would; ``None`` ends that."""
    _DEFAULT_SESSION.set(session)
    _IN_SESSION_CM.set(session is not None)


def get_default_session(
    service: QiskitRuntimeService | None = None, backend: str | IBMBackend | None = None
) -> Session:
    """Return the default session, or a new one if there is none that fits.

    Args:
        service: The service wanted.
        backend: The backend wanted, or its name.

    Returns:
        The default session if it is open, on that backend and of that service; for a backend
        object also of that object's service and instance. Otherwise a new one: it becomes the
        default and the old one is closed, except inside a ``with`` block, whose session stays the
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
    except QiskitError as error:  # what is made now works all the same
        warnings.warn(
            f"The default session {session.session_id} could not be closed and stays open until "
            f"its time is over: {error}",
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
    """Tell whether jobs of the session run where the backend object says."""
    instance = session._instance
    if instance is None and isinstance(session.service, QiskitRuntimeService):
        instance = instance_for(session.service, None, session.backend())
    return backend._instance == instance and (
        backend.service is None or same_account(backend.service, session.service)
    )


def _name_of(backend: Any) -> Any:
    return backend.name if isinstance(backend, IBMBackend) else backend
