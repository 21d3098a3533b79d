"""The service class: accounts, backends, programs and jobs."""

from __future__ import annotations

import sys
import uuid
from importlib import import_module
from typing import TYPE_CHECKING, Any, Callable, Literal, overload
from weakref import WeakValueDictionary

from qiskit.providers.provider import ProviderV1

from ._backends.instances import find_instance, instances_of, list_backends
from ._service.backends import BackendCatalog, Backends
from ._service.jobs import Jobs
from ._service.programs import Programs
from ._service.saved_accounts import SavedAccounts
from .accounts import Account, AccountIdentity, choose_account
from .accounts.validation import CLOUD_CHANNELS
from .utils.deprecation import deprecate_arguments, deprecate_function, issue_deprecation_msg
from .utils.environment import warn_of_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from requests.adapters import BaseAdapter
    from typing_extensions import Self

    from ._jobs.submission import DEPRECATED_PROGRAMS, DryRun
    from .accounts import AccountType, ChannelType
    from .api.client_parameters import ClientParameters
    from .api.clients import AuthClient
    from .api.http.retry import RetryPolicy
    from .api.http.settings import RequestEvent, ResponseEvent
    from .hub_group_project import HubGroupProject
    from .program.result_decoder import Decoder
    from .runtime_job import RuntimeJob
    from .runtime_options import RuntimeOptions
    from .runtime_program import ParameterNamespace
    from .runtime_session import RuntimeSession

__all__ = ["DEPRECATED_PROGRAMS", "SERVICE_NAME", "QiskitRuntimeService"]

SERVICE_NAME = "runtime"

if not TYPE_CHECKING:
    _HOMES = {
        "AuthClient": ".api.clients",
        "DEPRECATED_PROGRAMS": "._jobs.submission",
        "RuntimeClient": ".api.clients",
        "VersionClient": ".api.clients",
    }

    def __getattr__(name):
        """Import a name on first use; tests replace the clients in this module by doubles."""
        if name not in _HOMES:
            raise AttributeError(f"module has no attribute {name!r}")
        return getattr(import_module(_HOMES[name], __package__), name)


_here: Any = sys.modules[__name__]

# Services of this process by number, so that unpickling returns the same object.
_living: WeakValueDictionary[str, QiskitRuntimeService] = WeakValueDictionary()


class QiskitRuntimeService(SavedAccounts, Backends, Jobs, Programs, ProviderV1):  # type: ignore[misc]  # terra ships no types
    """Entry point to a runtime service: its backends, programs and jobs.

    Creating a service logs in and fetches the names of the backends. Other data of a backend is
    fetched on first access and cached.

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService

        service = QiskitRuntimeService(channel="local")
        for backend in service.backends(min_num_qubits=5):
            print(backend.name, backend.num_qubits)
        print(service.least_busy(simulator=False))

    Services are equal only to themselves, and copying a service returns the same object. A pickled
    service does not contain the token: when it is unpickled, the token is read from the environment
    or the account file. ``transport``, ``retry``, ``timeout`` and the hooks are not pickled.

    .. versionadded:: 0.9.3+embedded.1
       The channels ``local`` and ``ibm_quantum_platform``, the arguments ``transport``, ``retry``,
       ``timeout``, ``on_request`` and ``on_response``, and use as a context manager.
    """

    def __init__(
        self,
        channel: ChannelType = None,
        auth: AccountType = None,
        token: str | None = None,
        url: str | None = None,
        filename: str | None = None,
        name: str | None = None,
        instance: str | None = None,
        proxies: dict[str, Any] | None = None,
        verify: bool | str | None = None,
        *,
        transport: BaseAdapter | None = None,
        retry: RetryPolicy | None = None,
        timeout: float | tuple[float | None, float | None] | None = None,
        on_request: Callable[[RequestEvent], object] | None = None,
        on_response: Callable[[ResponseEvent], object] | None = None,
    ) -> None:
        """Choose an account and log in.

        The account is the first of these: the saved account ``name``; ``channel``, ``token`` and
        ``url``; the environment (``QISKIT_IBM_TOKEN``, with ``QISKIT_IBM_CHANNEL``,
        ``QISKIT_IBM_INSTANCE`` and ``QISKIT_IBM_URL``); the saved default account of the channel.
        ``instance``, ``proxies`` and ``verify`` override the account's values.

        Args:
            channel: ``"ibm_quantum_platform"`` for the current IBM Quantum Platform,
                ``"ibm_quantum"``, ``"ibm_cloud"``, or ``"local"`` for the embedded runtime, which
                needs no account.
            auth: Deprecated; ``"legacy"`` means ``"ibm_quantum"``, and ``"cloud"`` means
                ``"ibm_cloud"``.
            token: API token, or IBM Cloud API key.
            url: URL of the service; IBM's own by default.
            filename: Account file; ``~/.qiskit/qiskit-ibm.json`` by default.
            name: Name of a saved account.
            instance: For ``ibm_quantum``, the ``hub/group/project`` to search first for backends.
                For ``ibm_quantum_platform`` and ``ibm_cloud``, CRN or name of a service instance;
                ``ibm_quantum_platform`` uses the account's cheapest instance by default.
            proxies: Fields of :class:`~qiskit_ibm_runtime.proxies.ProxyConfiguration`, as a dict.
            verify: Whether to verify certificates, or the path of a CA certificate.
            transport: Adapter of ``requests`` that sends the HTTP requests, for example to sign,
                record or mock them. By default the service uses pooled connections. Streams of
                jobs do not use it.
            retry: Retry policy; by default
                :class:`~qiskit_ibm_runtime.api.http.retry.RetryPolicy()`.
            timeout: Seconds to connect and to wait for a response, as a pair or as one number for
                both. By default 5 and 60, and 30 and 900 for submitting a job.
            on_request: Called with a
                :class:`~qiskit_ibm_runtime.api.http.settings.RequestEvent` before each attempt to
                send a request, in the thread that sends it.
            on_response: Called with a
                :class:`~qiskit_ibm_runtime.api.http.settings.ResponseEvent` after each attempt.

        Raises:
            ValueError: If ``channel`` is unknown, or missing although ``token`` or ``url`` is
                given.
            TypeError: If ``proxies`` is not a dict, or has unknown fields.
            AccountNotFoundError: If there is no such account.
            InvalidAccountError: If a field of the account is invalid; raised before any request.
            CloudResourceNameResolutionError: If no instance or several instances have the name.
            IBMInputValueError: If the URL is not that of an authentication service, or one of the
                last five arguments is invalid.
            IBMNotAuthorizedError: If the token is rejected or the account may not use the runtime.
            IBMAccountError: If the account has no hub/group/project.
            RequestsApiError: If a request fails.
        """
        # Imported here, so that importing the package does not import requests and websockets.
        from .api.client_parameters import ClientParameters
        from .api.http.liveness import note_alive
        from .api.http.settings import HttpSettings

        super().__init__()
        warn_of_environment()
        self._http = HttpSettings(transport, retry, timeout, on_request, on_response)
        given = (channel, auth, token, url, filename, name, instance, proxies, verify)
        account = choose_account(*given) or _embedded_account(instance)
        self._resolve_crn(account)
        self._account = account.validate()
        self._account_file = filename
        self._channel: str = account.channel or ""
        self._client_params = ClientParameters(
            self._channel,
            account.token,
            account.url,
            account.instance,
            account.proxies,
            account.certificates,
            http=self._http,
        )
        self._programs = {}
        self._backends = {}
        self._backend_configs = {}
        self._catalog = BackendCatalog(self)
        self._sessions_cost = False
        if account.is_of_platform:
            self._start_on_platform()
        elif self._channel == "ibm_cloud":
            self._api_client = _here.RuntimeClient(self._client_params)
            self._backends = self._discover_cloud_backends()
        else:
            auth_client = self._authenticate_ibm_quantum_account(self._client_params)
            self._adopt(auth_client)
            self._api_client = _here.RuntimeClient(self._client_params)
            self._hgps = self._initialize_hgps(auth_client)
            self._backends = list_backends(self._hgps, self._client_params.url)
        note_alive(self._client_params.url or "")
        self._number = uuid.uuid4().hex
        _living[self._number] = self

    def _start_on_platform(self) -> None:
        from ._platform.connection import connect

        self._client_params, self._api_client = connect(self._account, self._http)
        self._sessions_cost = True  # primitives without a session do not open one
        self._backends = self._discover_cloud_backends()

    def close(self) -> None:
        """Close the connections to the service; jobs, sessions and streams are not affected.

        Later requests open new connections, and calling this again does nothing. A ``transport``
        given to the service stays open, and the embedded runtime keeps running until the process
        ends.

        .. versionadded:: 0.9.3+embedded.1

        .. code-block:: python

            from qiskit_ibm_runtime import QiskitRuntimeService

            with QiskitRuntimeService(channel="local") as service:
                print(service.backends())
        """
        self._client_params.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _resolve_crn(self, account: Account) -> None:
        account.resolve_crn(self._http)

    def _authenticate_ibm_quantum_account(self, client_params: ClientParameters) -> AuthClient:
        from .api.clients.auth import log_in

        return log_in(client_params, _here.AuthClient, _here.VersionClient)

    def _adopt(self, auth_client: AuthClient) -> None:
        """Use the runtime URL and the token of a login."""
        params = self._client_params
        params.url = auth_client.current_service_urls()["services"]["runtime"]
        params.token = auth_client.current_access_token()
        source = getattr(auth_client, "token_source", None)
        # Subclasses and test doubles of AuthClient may return other tokens.
        if source is not None and source.current() == params.token:
            params.token_source = source

    def _discover_cloud_backends(self) -> dict[str, Any]:
        """Return the names of the backends; objects are created on first access."""
        return dict.fromkeys(self._api_client.list_backends())

    def _initialize_hgps(self, auth_client: AuthClient) -> dict[str, HubGroupProject]:
        return instances_of(self, auth_client.user_hubs())

    def _get_hgp(self, instance: str | None = None, backend_name: Any = None) -> HubGroupProject:
        return find_instance(self._hgps, instance, backend_name)

    @property
    def channel(self) -> str:
        """Channel in use: ``ibm_quantum_platform``, ``ibm_quantum``, ``ibm_cloud`` or ``local``."""
        return self._channel

    @property
    def auth(self) -> str:
        """Deprecated: ``cloud`` for channel ``ibm_cloud``, otherwise ``legacy``."""
        issue_deprecation_msg(
            "The auth property is deprecated", "0.6", "Use the channel property instead."
        )
        return "cloud" if self._channel in CLOUD_CHANNELS else "legacy"

    @property
    def runtime(self) -> QiskitRuntimeService:
        """The service itself."""
        return self

    def active_account(self) -> dict[str, Any] | None:
        """Return the account in use.

        Returns:
            Its fields in the format of the account file, with the CRN of a service instance given
            by name. The dict contains the token, but its repr masks it.
        """
        from ._display.containers import AccountFields

        return AccountFields(self._account.to_saved_format())

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __copy__(self) -> QiskitRuntimeService:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> QiskitRuntimeService:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        identity = AccountIdentity.of(self._account, self._account_file)
        return _revived, (type(self), self._number, identity)

    def _repr_html_(self) -> str:
        from ._display.cards import service_card

        return service_card(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    @overload
    def run(
        self,
        program_id: str,
        inputs: dict[str, Any] | ParameterNamespace,
        options: RuntimeOptions | dict[str, Any] | None = None,
        callback: Callable[..., Any] | None = None,
        result_decoder: Decoder | Sequence[Decoder] | None = None,
        instance: str | None = None,
        session_id: str | None = None,
        job_tags: list[str] | None = None,
        max_execution_time: int | None = None,
        start_session: bool | None = False,
        *,
        dry_run: Literal[True],
    ) -> DryRun: ...

    @overload
    def run(
        self,
        program_id: str,
        inputs: dict[str, Any] | ParameterNamespace,
        options: RuntimeOptions | dict[str, Any] | None = None,
        callback: Callable[..., Any] | None = None,
        result_decoder: Decoder | Sequence[Decoder] | None = None,
        instance: str | None = None,
        session_id: str | None = None,
        job_tags: list[str] | None = None,
        max_execution_time: int | None = None,
        start_session: bool | None = False,
        *,
        dry_run: Literal[False] = False,
    ) -> RuntimeJob: ...

    def run(
        self,
        program_id: str,
        inputs: dict[str, Any] | ParameterNamespace,
        options: RuntimeOptions | dict[str, Any] | None = None,
        callback: Callable[..., Any] | None = None,
        result_decoder: Decoder | Sequence[Decoder] | None = None,
        instance: str | None = None,
        session_id: str | None = None,
        job_tags: list[str] | None = None,
        max_execution_time: int | None = None,
        start_session: bool | None = False,
        *,
        dry_run: bool = False,
    ) -> RuntimeJob | DryRun:
        """Submit a program as a job.

        All arguments are validated before submitting, and one call creates exactly one job.

        .. versionadded:: 0.9.3+embedded.1
           The ``dry_run`` argument.

        Args:
            program_id: Id of the program, such as ``"sampler"``.
            inputs: Program inputs by name, or a namespace from :meth:`RuntimeProgram.parameters`.
            options: Where and how to run the program, as :class:`RuntimeOptions` or a dict of its
                fields; not modified.
            callback: Called with job id and message for each interim result and the final result.
            result_decoder: Class with a ``decode`` method, or a pair for interim results and
                result.
            instance: Deprecated; use the options.
            session_id: Id of the session to join.
            job_tags: Deprecated; use the options.
            max_execution_time: Deprecated; use the options.
            start_session: Whether the job opens a session, whose id is that of the job.
            dry_run: Whether to return the request as a :class:`~._jobs.submission.DryRun`, instead
                of submitting it.

        Returns:
            The job; :meth:`RuntimeJob.result` returns its result.

        Raises:
            IBMInputValueError: If an argument is invalid.
            QiskitBackendNotFoundError: If the account has no such backend.
            RuntimeProgramNotFound: If there is no such program.
            IBMRuntimeError: If the service rejects the job.
        """
        from ._jobs.submission import read_options, run_program

        chosen = read_options(options)
        names = ("instance", "job_tags", "max_execution_time")
        for name, value in zip(names, (instance, job_tags, max_execution_time)):
            if value is not None:
                deprecate_arguments(name, "0.7", f'Give {name} inside "options" instead.')
                setattr(chosen, name, value)
        return run_program(
            self,
            program_id,
            inputs,
            chosen,
            callback=callback,
            result_decoder=result_decoder,
            session_id=session_id,
            start_session=start_session,
            dry_run=dry_run,
        )

    @deprecate_function("QiskitRuntimeService.open", "0.7", "Use qiskit_ibm_runtime.Session.")
    def open(
        self,
        program_id: str,
        inputs: dict[str, Any] | ParameterNamespace,
        options: RuntimeOptions | dict[str, Any] | None = None,
    ) -> RuntimeSession:
        """Create an old-style session for one program; deprecated in favor of ``Session``.

        Args:
            program_id: Id of the program.
            inputs: Inputs of the first job.
            options: As for :meth:`run`.
        """
        from .runtime_session import RuntimeSession

        return RuntimeSession(self, program_id, inputs, options)


def _embedded_account(instance: str | None) -> Account:
    """Return the account of the embedded runtime, starting the runtime if necessary."""
    from .api.http.liveness import watch
    from .local.launcher import ensure_running

    server = ensure_running()
    watch(server.url, server.why_ended)
    return Account(channel="local", token=server.token, url=server.url, instance=instance)


def _revived(
    cls: type[QiskitRuntimeService], number: str, identity: AccountIdentity
) -> QiskitRuntimeService:
    """Unpickle a service: the same object in its own process, else a new one for its account."""
    service = _living.get(number)
    if service is None:
        account = identity.find()
        service = cls(
            channel=account.channel,
            token=account.token,
            url=account.url,
            instance=account.instance,
            proxies=account.proxies.to_dict() if account.proxies else None,
            verify=account.verify,
        )
        service._number, service._account_file = number, identity.filename
        _living[number] = service
    return service
