"""The front door: accounts, backends, programs and jobs."""

from __future__ import annotations

import logging
import warnings
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Callable

from qiskit.providers.exceptions import QiskitBackendNotFoundError
from qiskit.providers.provider import ProviderV1

from .accounts import AccountManager
from .accounts.account import Account
from .accounts.selection import choose_account
from .api.client_parameters import ClientParameters
from .api.clients import AuthClient, RuntimeClient, VersionClient
from .api.exceptions import RequestsApiError
from .exceptions import (
    IBMAccountError,
    IBMInputValueError,
    IBMNotAuthorizedError,
    IBMRuntimeError,
    RuntimeJobNotFound,
    RuntimeProgramNotFound,
)
from .hub_group_project import HubGroupProject
from .ibm_backend import IBMBackend
from .runtime_job import RuntimeJob
from .runtime_options import RuntimeOptions
from .runtime_program import ParameterNamespace
from .utils.backend_decoder import configuration_from_server_data
from .utils.hgp import from_instance_format, to_instance_format

if TYPE_CHECKING:
    from qiskit.providers.backend import BackendV2

logger = logging.getLogger(__name__)
SERVICE_NAME = "runtime"
DEPRECATED_PROGRAMS = [
    "torch-train",
    "torch-infer",
    "sample-expval",
    "quantum_kernal_alignment",
    "sample-program",
]


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
        inputs: Any,
        options: Any = None,
        callback: Any = None,
        result_decoder: Any = None,
        instance: str | None = None,
        session_id: str | None = None,
        job_tags: list[str] | None = None,
        max_execution_time: int | None = None,
        start_session: bool | None = False,
    ) -> RuntimeJob:
        """Run a program."""
        options = options or RuntimeOptions()
        if isinstance(options, dict):
            options = RuntimeOptions(**options)
        if isinstance(inputs, ParameterNamespace):
            inputs.validate()
            inputs = vars(inputs)
        options.validate(channel=self._channel)
        hgp = (
            None
            if self._channel == "ibm_cloud"
            else self._get_hgp(options.instance, options.backend).name
        )
        try:
            response = self._api_client.program_run(
                program_id=program_id,
                backend_name=options.backend,
                params=inputs,
                image=options.image,
                hgp=hgp,
                log_level=options.log_level,
                session_id=session_id,
                job_tags=options.job_tags,
                max_execution_time=options.max_execution_time,
                start_session=start_session,
                session_time=options.session_time,
            )
        except RequestsApiError as ex:
            if ex.status_code == 404:
                raise RuntimeProgramNotFound(
                    f"Program not found: {ex.message}", failure=ex.failure
                ) from None
            raise IBMRuntimeError(
                f"Failed to run program: {ex.message}", failure=ex.failure
            ) from None
        backend = self.backend(response["backend"], instance=hgp)
        return RuntimeJob(
            backend=backend,
            api_client=self._api_client,
            client_params=self._client_params,
            job_id=response["id"],
            program_id=program_id,
            params=inputs,
            user_callback=callback,
            result_decoder=result_decoder,
            image=options.image,
            service=self,
            tags=options.job_tags,
        )

    def job(self, job_id: str) -> RuntimeJob:
        """Return a job by its id."""
        try:
            record = self._api_client.job_get(job_id)
        except RequestsApiError as ex:
            if ex.status_code == 404:
                raise RuntimeJobNotFound(
                    f"Job not found: {ex.message}", failure=ex.failure
                ) from None
            raise IBMRuntimeError(
                f"Failed to retrieve job: {ex.message}", failure=ex.failure
            ) from None
        return self._decode_job(record)

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
        created_after: Any = None,
        created_before: Any = None,
        descending: bool = True,
    ) -> list[RuntimeJob]:
        """Return jobs that fit."""
        hub, group, project = from_instance_format(instance) if instance else (None, None, None)
        found: list[Any] = []
        while limit is None or len(found) < limit:
            page = self._api_client.jobs_get(
                limit=200 if limit is None else limit - len(found),
                skip=skip + len(found),
                backend_name=backend_name,
                pending=pending,
                program_id=program_id,
                hub=hub,
                group=group,
                project=project,
                job_tags=job_tags,
                session_id=session_id,
                created_after=created_after,
                created_before=created_before,
                descending=descending,
            )
            found += page["jobs"]
            if not page["jobs"] or len(found) + skip >= page["count"]:
                break
        return [self._decode_job(r) for r in found]

    def delete_job(self, job_id: str) -> None:
        """Delete a job."""
        try:
            self._api_client.job_delete(job_id)
        except RequestsApiError as ex:
            if ex.status_code == 404:
                raise RuntimeJobNotFound(
                    f"Job not found: {ex.message}", failure=ex.failure
                ) from None
            raise IBMRuntimeError(
                f"Failed to delete job: {ex.message}", failure=ex.failure
            ) from None

    def _decode_job(self, record: dict[str, Any]) -> RuntimeJob:
        try:
            backend = self.backend(record["backend"])
        except (KeyError, QiskitBackendNotFoundError):
            backend = None
        return RuntimeJob(
            backend=backend,
            api_client=self._api_client,
            client_params=self._client_params,
            service=self,
            job_id=record["id"],
            program_id=(record.get("program") or {}).get("id", ""),
            creation_date=record.get("created"),
            session_id=record.get("session_id"),
            tags=record.get("tags"),
            encoded_params=record.get("params"),
        )


def _fact(backend: Any, key: str) -> Any:
    configuration = backend.configuration()
    if key in configuration:
        return getattr(configuration, key)
    return getattr(backend.status(), key, None)
