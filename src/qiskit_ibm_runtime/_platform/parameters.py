"""How to reach an instance of the platform, and as whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit_ibm_runtime.api.auth import BearerAuth
from qiskit_ibm_runtime.api.client_parameters import ClientParameters
from qiskit_ibm_runtime.api.http.redaction import keep_secret
from qiskit_ibm_runtime.api.session import RetrySession
from qiskit_ibm_runtime.utils.utils import is_crn

from .addresses import api_url, iam_url
from .client import PlatformClient
from .discovery import Directory
from .login import IamLogin, IamTokens

if TYPE_CHECKING:
    from qiskit_ibm_runtime.accounts import Account
    from qiskit_ibm_runtime.api.http.settings import HttpSettings


class PlatformParameters(ClientParameters):
    """Parameters of a client of the platform; ``url`` is the address of its interface."""

    token_source: IamTokens

    def get_auth_handler(self) -> BearerAuth:
        """Return what signs requests."""
        return BearerAuth(self.token_source, self.instance or "")

    def get_runtime_api_base_url(self) -> str:
        """Return the address of the interface."""
        return self.url or ""

    def session_to(self, url: str) -> RetrySession:
        """Return a session to another service of the cloud, which shares connections and token."""
        return RetrySession(url, **self.session_parameters(_Token(self.token_source)))


class _Token(BearerAuth):
    """The token alone: other services of the cloud need no instance."""

    def __init__(self, token_source: IamTokens) -> None:
        super().__init__(token_source, "")

    def get_headers(self) -> dict[str, str]:
        return {"Authorization": super().get_headers()["Authorization"]}


def connect(account: Account, http: HttpSettings) -> tuple[PlatformParameters, PlatformClient]:
    """Log in, find the instance if none is named, and return how to reach it.

    The account gets the CRN of the instance.

    Args:
        account: The account.
        http: How requests are sent.

    Raises:
        IBMNotAuthorizedError: If the API key is refused.
        IBMAccountError: If there is no instance, or none of the name.
        RequestsApiError: If a service cannot be asked.
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
        return _bound(params, account, crn, private)
    directory = Directory(params.session_to)
    if given and given != "auto":
        return _bound(params, account, directory.named(given).crn, private)
    candidates = directory.preferred(wishes)
    for candidate in candidates[:-1]:
        found = _bound(params, account, candidate.crn, private)
        if found[1].list_backends():
            return found
    return _bound(params, account, candidates[-1].crn, private)


def _bound(
    params: PlatformParameters, account: Account, crn: str, private: bool
) -> tuple[PlatformParameters, PlatformClient]:
    params.instance = account.instance = crn
    params.url = api_url(account.url, crn, private=private)
    return params, PlatformClient(params)
