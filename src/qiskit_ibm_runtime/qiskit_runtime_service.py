"""The front door: accounts, backends, programs and jobs."""

from __future__ import annotations

import logging
import warnings
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any, Callable

from qiskit.providers.exceptions import QiskitBackendNotFoundError
from qiskit.providers.provider import ProviderV1

from .accounts import AccountManager
from .accounts.account import Account
from .accounts.selection import choose_account
from .api.client_parameters import ClientParameters
from .api.clients import AuthClient, RuntimeClient, VersionClient
from .exceptions import (
    IBMAccountError,
    IBMInputValueError,
    IBMNotAuthorizedError,
)
from .hub_group_project import HubGroupProject
from .ibm_backend import IBMBackend
from .job_listing import JobListing, delete_job, get_job
from .job_submission import DEPRECATED_PROGRAMS, read_options, submit
from .program_registry import ProgramRegistry, summaries
from .runtime_session import RuntimeSession
from .utils.backend_decoder import configuration_from_server_data
from .utils.deprecation import deprecate_arguments, deprecate_function
from .utils.hgp import from_instance_format, to_instance_format

if TYPE_CHECKING:
    from datetime import datetime

    from qiskit.providers.backend import BackendV2

    from .runtime_job import RuntimeJob
    from .runtime_options import RuntimeOptions
    from .runtime_program import ParameterNamespace, RuntimeProgram

__all__ = ["DEPRECATED_PROGRAMS", "SERVICE_NAME", "QiskitRuntimeService"]

logger = logging.getLogger(__name__)
SERVICE_NAME = "runtime"


class QiskitRuntimeService(ProviderV1):  # type: ignore[misc]
    """Entry point to a runtime service."""

    def __init__(
        self,
        channel: Any = None,
        auth: Any = None,
        token: str | None = None,
        url: str | None = None,
        filename: str | None = None,
        name: str | None = None,
        instance: str | None = None,
        proxies: Any = None,
        verify: bool | None = None,
    ) -> None:
        super().__init__()
        account = choose_account(
            channel, auth, token, url, filename, name, instance, proxies, verify
        )
        if account is None:
            from .local.launcher import ensure_running

            server = ensure_running()
            account = Account(
                channel="local", token=server.token, url=server.url, instance=instance
            )
        self._account = account
        self._resolve_crn(account)
        account.validate()
        self._client_params = ClientParameters(
            account.channel or "",
            account.token,
            account.url,
            account.instance,
            account.proxies,
            True if account.verify is None else account.verify,
        )
        self._channel = account.channel or ""
        self._programs: dict[str, Any] = {}
        self._backends: dict[Any, Any] = {}
        self._backend_configs: dict[str, Any] = {}
        if self._channel == "ibm_cloud":
            self._api_client = RuntimeClient(self._client_params)
            self._backends = self._discover_cloud_backends()
        else:
            auth_client = self._authenticate_ibm_quantum_account(self._client_params)
            self._client_params.url = auth_client.current_service_urls()["services"]["runtime"]
            self._client_params.token = auth_client.current_access_token()
            if isinstance(auth_client, AuthClient):
                self._client_params.token_source = auth_client.token_source
            self._api_client = RuntimeClient(self._client_params)
            self._hgps = self._initialize_hgps(auth_client)
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda hgp: hgp.backends, self._hgps.values()))
            for hgp in self._hgps.values():
                for backend in hgp.backends:
                    self._backends.setdefault(backend, None)

    def _resolve_crn(self, account: Any) -> None:
        account.resolve_crn()

    def _authenticate_ibm_quantum_account(self, client_params: Any) -> AuthClient:
        connection = client_params.connection_parameters()
        connection.pop("auth", None)
        version = VersionClient(client_params.url, **connection).version()
        if not (version.get("new_api") and "api-auth" in version):
            raise IBMInputValueError(
                f"The URL {client_params.url} is not an IBM Quantum authentication URL."
            )
        client = AuthClient(client_params)
        if not (client.current_service_urls().get("services") or {}).get("runtime"):
            raise IBMNotAuthorizedError(
                "This account is not authorized to use the runtime on the ibm_quantum channel."
            )
        return client

    def _discover_cloud_backends(self) -> dict[str, Any]:
        return dict.fromkeys(self._api_client.list_backends())

    def _initialize_hgps(self, auth_client: Any) -> dict[str, HubGroupProject]:
        hgps: dict[str, HubGroupProject] = OrderedDict()
        for entry in auth_client.user_hubs():
            name = to_instance_format(entry["hub"], entry["group"], entry["project"])
            hgps[name] = HubGroupProject(self._client_params, name, self)
        if not hgps:
            raise IBMAccountError("No hub/group/project could be found for this account.")
        if self._account.instance:
            if self._account.instance in hgps:
                hgps.move_to_end(self._account.instance, last=False)  # type: ignore[attr-defined]
            else:
                warnings.warn(
                    f"{self._account.instance} not found for the account and is ignored.",
                    stacklevel=3,
                )
        return hgps

    def _get_hgp(self, instance: str | None = None, backend_name: Any = None) -> HubGroupProject:
        if instance:
            from_instance_format(instance)
            if instance not in self._hgps:
                raise IBMInputValueError(
                    f"Hub/group/project {instance} could not be found for this account."
                )
            if backend_name and not self._hgps[instance].has_backend(backend_name):
                raise QiskitBackendNotFoundError(
                    f"Backend {backend_name} cannot be found in hub/group/project {instance}."
                )
            return self._hgps[instance]
        if not backend_name:
            return next(iter(self._hgps.values()))
        for hgp in self._hgps.values():
            if hgp.has_backend(backend_name):
                return hgp
        raise QiskitBackendNotFoundError(
            f"Backend {backend_name} cannot be found in any hub/group/project."
        )

    def backends(
        self,
        name: str | None = None,
        min_num_qubits: int | None = None,
        instance: str | None = None,
        filters: Callable[[Any], bool] | None = None,
        **kwargs: Any,
    ) -> list[Any]:
        """Return the backends that fit."""
        if self._channel == "ibm_cloud":
            if instance:
                raise IBMInputValueError(
                    "The 'instance' keyword is only supported for the ``ibm_quantum`` channel."
                )
            names = list(self._backends) if not name else [name] if name in self._backends else []
            found = [self._build(None, n) for n in names]
        elif name:
            if name not in self._backends:
                raise QiskitBackendNotFoundError(f"No backend matches the criteria: {name}.")
            found = [self._build(self._get_hgp(instance, name).name, name)]
        else:
            hgps = [self._get_hgp(instance)] if instance else None
            names = hgps[0].backends if hgps else list(self._backends)
            with ThreadPoolExecutor(8) as pool:
                found = list(
                    pool.map(
                        lambda n: self._build(
                            (hgps[0] if hgps else self._get_hgp(None, n)).name, n
                        ),
                        names,
                    )
                )
        found = [b for b in found if b is not None]
        if min_num_qubits:
            found = [b for b in found if b.configuration().n_qubits >= min_num_qubits]
        for key, value in kwargs.items():
            found = [b for b in found if _fact(b, key) == value]
        return [b for b in found if filters is None or filters(b)]

    def _build(self, instance: str | None, name: str) -> Any:
        key = (instance, name)
        if not self._backends.get(key):  # type: ignore[call-overload]
            if name not in self._backend_configs:
                self._backend_configs[name] = configuration_from_server_data(
                    self._api_client.backend_configuration(name)
                )
            configuration = self._backend_configs[name]
            if configuration is None:
                return None
            self._built = getattr(self, "_built", {})
            return self._built.setdefault(
                key, IBMBackend(configuration, self, self._api_client, instance)
            )
        return self._backends[key]

    def backend(self, name: str | None = None, instance: str | None = None) -> BackendV2:
        """Return one backend."""
        found = self.backends(name, instance=instance)
        if not found:
            raise QiskitBackendNotFoundError(f"No backend matches the criteria: {name}.")
        return found[0]

    def get_backend(self, name: str | None = None, **kwargs: Any) -> BackendV2:
        """Return one backend."""
        return self.backend(name, **kwargs)

    def least_busy(
        self,
        min_num_qubits: int | None = None,
        instance: str | None = None,
        filters: Any = None,
        **kwargs: Any,
    ) -> BackendV2:
        """Return the working backend with the fewest jobs waiting."""
        candidates = self.backends(
            min_num_qubits=min_num_qubits, instance=instance, filters=filters, **kwargs
        )
        with ThreadPoolExecutor(8) as pool:
            states = list(pool.map(lambda b: b.status(), candidates))
        good = [
            (s.pending_jobs, n)
            for n, s in enumerate(states)
            if s.operational and s.status_msg == "active"
        ]
        if not good:
            raise QiskitBackendNotFoundError("No backend matches the criteria.")
        return candidates[min(good)[1]]

    @property
    def channel(self) -> str:
        """Channel in use."""
        return self._channel

    def active_account(self) -> dict[str, Any] | None:
        """Return the account in use."""
        return self._account.to_saved_format()

    @staticmethod
    def save_account(
        token: Any = None,
        url: Any = None,
        instance: Any = None,
        channel: Any = None,
        auth: Any = None,
        filename: Any = None,
        name: Any = None,
        proxies: Any = None,
        verify: Any = None,
        overwrite: Any = False,
    ) -> None:
        """Save an account."""
        channel = channel or ("ibm_cloud" if auth == "cloud" else "ibm_quantum" if auth else None)
        AccountManager.save(
            token=token,
            url=url,
            instance=instance,
            channel=channel,
            filename=filename,
            name=name,
            proxies=proxies,
            verify=verify,
            overwrite=overwrite,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    # --- Programs and jobs: from here to the end of the class -------------------------------------

    def run(
        self,
        program_id: str,
        inputs: dict[str, Any] | ParameterNamespace,
        options: RuntimeOptions | dict[str, Any] | None = None,
        callback: Callable[..., Any] | None = None,
        result_decoder: Any = None,
        instance: str | None = None,
        session_id: str | None = None,
        job_tags: list[str] | None = None,
        max_execution_time: int | None = None,
        start_session: bool | None = False,
    ) -> RuntimeJob:
        """Run a program.

        Everything is checked before anything is sent, and one call makes one job.

        Args:
            program_id: The program, such as ``"sampler"``.
            inputs: Its inputs by name, or the filled-in form of :meth:`RuntimeProgram.parameters`.
            options: Where and how to run it, as :class:`RuntimeOptions` or a dict of them. They
                are not changed.
            callback: Called with job id and message for each message of the job, its result
                included.
            result_decoder: Class with a ``decode`` method; or a pair of them, for messages and for
                the result.
            instance: Deprecated; give it in the options.
            session_id: The session to join.
            job_tags: Deprecated; give them in the options.
            max_execution_time: Deprecated; give it in the options.
            start_session: Whether the job opens a session; its id is that of the job.

        Returns:
            The job; its result comes from :meth:`RuntimeJob.result`.

        Raises:
            IBMInputValueError: If an argument cannot be used.
            QiskitBackendNotFoundError: If the account has no such backend.
            RuntimeProgramNotFound: If there is no such program.
            IBMRuntimeError: If the service refuses the job.
        """
        chosen = read_options(options)
        deprecated = {
            "instance": instance,
            "job_tags": job_tags,
            "max_execution_time": max_execution_time,
        }
        for name, value in deprecated.items():
            if value is not None:
                deprecate_arguments(name, "0.7", f'Give {name} inside "options" instead.')
                setattr(chosen, name, value)
        return submit(
            self,
            program_id,
            inputs,
            chosen,
            callback=callback,
            result_decoder=result_decoder,
            session_id=session_id,
            start_session=start_session,
        )

    @deprecate_function("QiskitRuntimeService.open", "0.7", "Use qiskit_ibm_runtime.Session.")
    def open(
        self,
        program_id: str,
        inputs: dict[str, Any] | ParameterNamespace,
        options: RuntimeOptions | dict[str, Any] | None = None,
    ) -> RuntimeSession:
        """Make a session of the old style, for one program; deprecated in favour of ``Session``.

        Args:
            program_id: The program.
            inputs: Its first inputs.
            options: As for :meth:`run`.
        """
        return RuntimeSession(self, program_id, inputs, options)

    def job(self, job_id: str) -> RuntimeJob:
        """Return a job of this account, also one of the past.

        Args:
            job_id: The job.

        Raises:
            RuntimeJobNotFound: If there is no such job.
            IBMRuntimeError: If the request fails otherwise.
        """
        return get_job(self, job_id)

    def jobs(
        self,
        limit: int | None = 10,
        skip: int = 0,
        backend_name: str | None = None,
        pending: bool | None = None,
        program_id: str | None = None,
        instance: str | None = None,
        job_tags: list[str] | None = None,
        session_id: str | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        descending: bool = True,
    ) -> list[RuntimeJob]:
        """Return the jobs of this account that fit, the newest first.

        Neither backends nor inputs of the jobs are fetched or decoded before somebody looks at
        them. For very many jobs, iterate over a :class:`.job_listing.JobListing` instead: it takes
        the same arguments and holds one page at a time.

        Args:
            limit: How many jobs at most; ``None`` means all.
            skip: How many to pass over first.
            backend_name: Only those on this backend.
            pending: ``True``: only those that wait or run; ``False``: only those that ended.
            program_id: Only those of this program.
            instance: Only those of this ``hub/group/project``; not for channel ``ibm_cloud``.
            job_tags: Only those that have all of these tags.
            session_id: Only those of this session.
            created_after: Only those made then or later. Local time unless it has an offset.
            created_before: Only those made then or earlier. Local time unless it has an offset.
            descending: ``False`` puts the oldest first.

        Raises:
            IBMInputValueError: If a value cannot be used.
            RequestsApiError: If a request fails.
        """
        return list(
            JobListing(
                self,
                limit,
                skip,
                backend_name,
                pending,
                program_id,
                instance,
                job_tags,
                session_id,
                created_after,
                created_before,
                descending,
            )
        )

    def delete_job(self, job_id: str) -> None:
        """Delete a job and its result from the service.

        Args:
            job_id: The job.

        Raises:
            RuntimeJobNotFound: If there is no such job.
            IBMRuntimeError: If the request fails otherwise.
        """
        delete_job(self, job_id)

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

    @cached_property
    def _registry(self) -> ProgramRegistry:
        return ProgramRegistry(self)


def _fact(backend: Any, key: str) -> Any:
    configuration = backend.configuration()
    if key in configuration:
        return getattr(configuration, key)
    return getattr(backend.status(), key, None)
