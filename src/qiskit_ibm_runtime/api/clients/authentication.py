"""Logging in on the quantum channel, in as few round trips as the protocol allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from qiskit_ibm_runtime.accounts.account import IBM_QUANTUM_API_URL
from qiskit_ibm_runtime.api.parallel import side_by_side
from qiskit_ibm_runtime.exceptions import IBMInputValueError, IBMNotAuthorizedError

from .auth import AuthClient
from .version import VersionClient

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.client_parameters import ClientParameters


def log_in(params: ClientParameters) -> AuthClient:
    """Log in, and make sure that the address and the account are of use.

    The address is asked what it is while the log-in is under way: neither waits for the other.

    Raises:
        IBMInputValueError: If the address does not belong to an authentication service.
        IBMNotAuthorizedError: If the token is refused, or the account may not use the runtime.
        RequestsApiError: If the service cannot be reached.
    """

    def version() -> dict[str, Any]:
        return VersionClient(params.url or "", **params.session_parameters()).version()

    calls: list[Callable[[], Any]] = [version, lambda: AuthClient(params)]
    asked, logged_in = side_by_side(lambda call: call(), calls)
    answer = asked.result()
    if not (answer.get("new_api") and "api-auth" in answer):
        raise IBMInputValueError(
            f"The URL {params.url} is not an IBM Quantum authentication URL. "
            f"Leave `url` out to use {IBM_QUANTUM_API_URL}, or give the one of your own service."
        )
    client: AuthClient = logged_in.result()
    if not (client.current_service_urls().get("services") or {}).get("runtime"):
        raise IBMNotAuthorizedError(
            "This account is not authorized to use the runtime on the ibm_quantum channel."
        )
    return client
