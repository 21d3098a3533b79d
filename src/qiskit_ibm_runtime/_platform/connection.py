"""Connection to an instance of the platform: authentication and instance discovery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit_ibm_runtime.api.auth import BearerAuth
from qiskit_ibm_runtime.api.client_parameters import ClientParameters
from qiskit_ibm_runtime.api.http.redaction import keep_secret
from qiskit_ibm_runtime.api.session import RetrySession
from qiskit_ibm_runtime.utils.utils import is_crn

from .client import PlatformClient
from .discovery import Directory
from .iam import IamLogin, IamTokens
from .urls import api_url, iam_url

if TYPE_CHECKING:
    from qiskit_ibm_runtime.accounts import Account
    from qiskit_ibm_runtime.api.http.settings import HttpSettings


class PlatformParameters(ClientParameters):
    """Connection parameters of a platform client; ``url`` is the base URL of the API."""

    token_source: IamTokens

    def get_auth_handler(self) -> BearerAuth:
        """Return the handler that authenticates requests."""
        return BearerAuth(self.token_source, self.instance or "")

    def get_runtime_api_base_url(self) -> str:
        """Return the base URL of the API."""
        return self.url or ""

    def session_to(self, url: str) -> RetrySession:
        """Return a session to another IBM Cloud service with the same settings and token."""
        return RetrySession(url, **self.session_parameters(_TokenAuth(self.token_source)))


class _TokenAuth(BearerAuth):
    """Bearer authentication without an instance, for other IBM Cloud services."""

    def __init__(self, token_source: IamTokens) -> None:
        super().__init__(token_source, "")

    def get_headers(self) -> dict[str, str]:
        return {"Authorization": super().get_headers()["Authorization"]}


def connect(account: Account, http: HttpSettings) -> tuple[PlatformParameters, PlatformClient]:
    """Log in, find the instance unless its CRN is given, and return parameters and client.

    Sets ``account.instance`` to the CRN of the instance.

    Args:
        account: The account.
        http: HTTP settings.

    Raises:
        IBMNotAuthorizedError: If the API key is rejected.
        IBMAccountError: If there is no matching instance.
        RequestsApiError: If a request fails.
    """
    wishes = account.preferences
    private = bool(wishes.get("private_endpoint"))
    given = account.instance
    crn = given if is_crn(given) else None
    params = PlatformParameters(
        channel=str(account.channel),
        token=account.token,
        instance=crn,
        proxies=account.proxies,
        verify=account.certificates,
        http=http,
    )
    keep_secret(account.token)
    iam = RetrySession(iam_url(account.url, crn, private=private), **params.session_parameters())
    params.token_source = IamTokens(IamLogin(iam), account.token)
    if crn is not None:
        return _connect_to(params, account, crn, private)
    directory = Directory(params.session_to)
    if given and given != "auto":
        return _connect_to(params, account, directory.named(given).crn, private)
    candidates = directory.preferred(wishes)
    for candidate in candidates[:-1]:
        found = _connect_to(params, account, candidate.crn, private)
        if found[1].list_backends():
            return found
    return _connect_to(params, account, candidates[-1].crn, private)


def _connect_to(
    params: PlatformParameters, account: Account, crn: str, private: bool
) -> tuple[PlatformParameters, PlatformClient]:
    params.instance = account.instance = crn
    params.url = api_url(account.url, crn, private=private)
    return params, PlatformClient(params)
