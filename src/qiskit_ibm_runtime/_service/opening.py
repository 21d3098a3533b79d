"""Steps of connecting to a service: client parameters, login, instances and backends."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.accounts import Account
from qiskit_ibm_runtime.api.client_parameters import ClientParameters
from qiskit_ibm_runtime.api.http.liveness import watch
from qiskit_ibm_runtime.exceptions import IBMAccountError
from qiskit_ibm_runtime.hub_group_project import (
    HubGroupProject,
    list_concurrently,
    make_instances,
)
from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qiskit_ibm_runtime.api.clients import AuthClient
    from qiskit_ibm_runtime.api.http.settings import HttpSettings
    from qiskit_ibm_runtime.qiskit_runtime_service import QiskitRuntimeService


def embedded_account(instance: str | None) -> Account:
    """Return the account of the embedded runtime, starting the runtime if necessary."""
    from qiskit_ibm_runtime.local.launcher import ensure_running

    server = ensure_running()
    watch(server.url, server.why_ended)
    return Account(channel="local", token=server.token, url=server.url, instance=instance)


def client_parameters(account: Account, http: HttpSettings) -> ClientParameters:
    """Return the connection parameters of an account."""
    return ClientParameters(
        channel=account.channel or "",
        token=account.token,
        url=account.url,
        instance=account.instance,
        proxies=account.proxies,
        verify=account.certificates,
        http=http,
    )


def adopt_login(params: ClientParameters, auth_client: AuthClient) -> None:
    """Set the parameters to the runtime URL and token of a login."""
    params.url = auth_client.current_service_urls()["services"]["runtime"]
    params.token = auth_client.current_access_token()
    source = getattr(auth_client, "token_source", None)
    # Subclasses and test doubles of AuthClient may return other tokens.
    if source is not None and source.current() == params.token:
        params.token_source = source


def instances_of(
    service: QiskitRuntimeService, auth_client: AuthClient
) -> dict[str, HubGroupProject]:
    """Return the instances of the account by name, in search order.

    Raises:
        IBMAccountError: If the account has no instances.
    """
    preferred = service._account.instance
    hgps = make_instances(service._client_params, auth_client.user_hubs(), service, preferred)
    if not hgps:
        raise IBMAccountError(
            "No hub/group/project could be found for this account. "
            "Ask the administrator of your hub for access to one."
        )
    if preferred and preferred not in hgps:
        warnings.warn(
            f"The instance {preferred} was not found for the account and is ignored. "
            f"Instances of the account: {', '.join(hgps)}.",
            stacklevel=caller_stacklevel(),
        )
    return hgps


def list_backends(hgps: Mapping[str, HubGroupProject], url: str | None) -> dict[str, Any]:
    """Return a dict from the names of all instances' backends to ``None``.

    Instances that cannot be listed are skipped with one warning; if none can be listed, the first
    error is raised.
    """
    names, failed = list_concurrently(hgps.values(), url)
    if failed and len(failed) == len(hgps):
        raise next(iter(failed.values()))
    if failed:
        reasons = "; ".join(
            f"{name}: {getattr(error, 'message', error)}" for name, error in failed.items()
        )
        warnings.warn(
            f"Skipped instances whose backends could not be listed: {reasons}. The other instances "
            "are not affected.",
            stacklevel=caller_stacklevel(),
        )
    return dict.fromkeys(names)
