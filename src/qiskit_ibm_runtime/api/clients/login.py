"""Login on the quantum channel, in as few round trips and connections as possible.

The version request runs concurrently with the request for the hubs, which goes to another host.
It reuses the connection of the login; concurrent with the login, it would need another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from qiskit_ibm_runtime.api.http.concurrency import run_concurrently
from qiskit_ibm_runtime.exceptions import IBMError, IBMInputValueError, IBMNotAuthorizedError

from .auth import AuthClient
from .skew import warn_of_skew
from .version import VersionClient

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.client_parameters import ClientParameters

USER_HUBS = AuthClient.user_hubs


def log_in(
    params: ClientParameters,
    auth_client: type[AuthClient] = AuthClient,
    version_client: type[VersionClient] = VersionClient,
) -> AuthClient:
    """Log in, check the URL and the account, and fetch the hubs.

    Args:
        params: Connection parameters of the authentication service.
        auth_client: Class of the client that logs in.
        version_client: Class of the client that fetches the version of the service.

    Raises:
        IBMInputValueError: If the URL is not that of an authentication service.
        IBMNotAuthorizedError: If the token is refused, or the account may not use the runtime.
        RequestsApiError: If the service cannot be reached.
    """

    def version() -> dict[str, Any]:
        return version_client(params.url or "", **params.session_parameters()).version()

    try:
        client = auth_client(params)
    except IBMError as error:
        if _was_answered(error):
            _raise_if_wrong_address(params, version, error)
        raise
    if not (client.current_service_urls().get("services") or {}).get("runtime"):
        _check_address(params, version())
        raise IBMNotAuthorizedError(
            "This account is not authorized to use the runtime on the ibm_quantum channel."
        )
    versions: dict[str, Any] = {}

    def fetch_versions() -> None:
        versions.update(version())
        _check_address(params, versions)

    calls: list[Callable[[], None]] = [fetch_versions]
    # Test doubles of the client may only override user_hubs(), as in 0.9.3.
    if getattr(client.user_hubs, "__func__", None) is USER_HUBS:
        calls.append(client.learn_hubs)
    for called in run_concurrently(lambda call: call(), calls):
        called.result()
    warn_of_skew(params.url or "", versions)
    return client


def _was_answered(error: IBMError) -> bool:
    """Return whether a response arrived; an unreachable server is not tried again."""
    return error.failure is None or error.failure.status is not None


def _raise_if_wrong_address(
    params: ClientParameters, version: Callable[[], dict[str, Any]], error: IBMError
) -> None:
    """Check whether a login failed because the URL is not an authentication service.

    Raises:
        IBMInputValueError: If that is the cause.
    """
    try:
        answer = version()
    except IBMError:
        return
    if not _is_authentication_service(answer):
        raise _wrong_address(params) from error


def _check_address(params: ClientParameters, version: dict[str, Any]) -> None:
    if not _is_authentication_service(version):
        raise _wrong_address(params)


def _is_authentication_service(version: dict[str, Any]) -> bool:
    return bool(version.get("new_api")) and "api-auth" in version


def _wrong_address(params: ClientParameters) -> IBMInputValueError:
    return IBMInputValueError(
        f"The URL {params.url} is not an IBM Quantum authentication URL. "
        "Give the address of your own service, or use channel='local'."
    )
