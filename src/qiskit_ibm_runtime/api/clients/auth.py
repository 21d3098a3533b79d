"""Login on the quantum channel, and its access tokens."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable

from qiskit_ibm_runtime.api.auth import QuantumAuth
from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError
from qiskit_ibm_runtime.api.http.concurrency import reset_in_children, run_concurrently
from qiskit_ibm_runtime.api.http.redaction import keep_secret
from qiskit_ibm_runtime.api.rest.base import entry
from qiskit_ibm_runtime.api.rest.root import Api
from qiskit_ibm_runtime.api.session import RetrySession
from qiskit_ibm_runtime.exceptions import IBMError, IBMInputValueError, IBMNotAuthorizedError

from .base import BaseClient
from .version import VersionClient, warn_of_skew

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.client_parameters import ClientParameters


class AuthClient(BaseClient):
    """Client that logs in, and lists service URLs and instances of the account.

    Attributes:
        token_source: Source that renews the access token, for
            :attr:`~qiskit_ibm_runtime.api.client_parameters.ClientParameters.token_source`;
            ``None`` in a subclass that does not call this class's constructor.
    """

    token_source: LoginSource | None = None
    _hubs: list[dict[str, Any]] | None = None

    def __init__(self, client_params: ClientParameters) -> None:
        """Log in, and fetch the URLs of the services.

        Raises:
            AuthenticationLicenseError: If a license must be accepted first.
            IBMNotAuthorizedError: If the token is refused.
            RequestsApiError: If a request fails otherwise.
        """
        self.api_token = client_params.token
        self.auth_url = client_params.url or ""
        login = Api(RetrySession(self.auth_url, **client_params.session_parameters()))
        source = self.token_source = LoginSource(login, self.api_token)
        self.access_token = source.current()
        connection = client_params.session_parameters(QuantumAuth(self.access_token, source))
        self.auth_api = Api(RetrySession(self.auth_url, **connection))
        self._service_urls: dict[str, Any] = self.user_urls()
        self.base_api = Api(RetrySession(self._service_urls.get("http") or "", **connection))

    def user_urls(self) -> dict[str, Any]:
        """Fetch the URLs of the services again.

        Raises:
            ApiIBMProtocolError: If the response does not describe a user.
        """
        urls = entry(self.auth_api.user_info(), "urls", dict, {})
        services = entry(urls, "services", dict, {})
        for addresses, name in ((urls, "http"), (services, "runtime")):
            entry(addresses, name, str, "")
        return urls

    def learn_hubs(self) -> None:
        """Prefetch the hubs, so that :meth:`user_hubs` needs no request."""
        self._hubs = self.base_api.hubs()

    def user_hubs(self) -> list[dict[str, str]]:
        """Return hub, group and project of each instance, the default instance first."""
        found: list[dict[str, str]] = []
        hubs = self.base_api.hubs() if self._hubs is None else self._hubs
        try:
            for hub in hubs:
                for group, content in hub["groups"].items():
                    for project, details in content["projects"].items():
                        names = {"hub": hub["name"], "group": group, "project": project}
                        found.insert(0 if details.get("isDefault") else len(found), names)
        except (AttributeError, KeyError, TypeError):
            raise ApiIBMProtocolError(
                "The service returned hubs, groups and projects in an unknown format. Check the "
                "`url` of the account."
            ) from None
        return found

    def api_version(self) -> dict[str, Any]:
        """Return the versions of the service."""
        return self.auth_api.version()

    def current_access_token(self) -> str:
        """Return the current access token."""
        return self.token_source.current() if self.token_source else self.access_token

    def current_service_urls(self) -> dict[str, Any]:
        """Return the URLs of the services."""
        return self._service_urls


class LoginSource:
    """Source of access tokens that logs in once for all threads with the same stale token.

    A failed login fails for all threads that wait for it, so a refused token is not tried again
    by each thread.
    """

    def __init__(self, login: Api, api_token: str) -> None:
        self._login, self._api_token = login, api_token
        self.reset_after_fork()
        keep_secret(api_token)
        self._token = self._log_in()

    def reset_after_fork(self) -> None:
        """Discard a login of the parent process, whose thread does not exist in this one."""
        self._lock = threading.Lock()
        self._pending: Future[str] | None = None
        reset_in_children(self)

    def current(self) -> str:
        """Return the current token."""
        return self._token

    def renew(self, stale: str) -> str:
        """Return a token other than ``stale``.

        Raises:
            IBMNotAuthorizedError: If the login is refused.
            RequestsApiError: If the login fails otherwise.
        """
        while True:
            with self._lock:
                if self._token != stale:
                    return self._token
                pending, ours = self._pending, self._pending is None
                if pending is None:
                    pending = self._pending = Future()
            if ours:
                self._settle(pending)
            with suppress(CancelledError):  # the thread that logged in was interrupted
                return pending.result()

    def _settle(self, promise: Future[str]) -> None:
        try:
            token = self._log_in()
        except BaseException as exc:
            with self._lock:
                self._pending = None
            if isinstance(exc, Exception):
                promise.set_exception(exc)
            else:  # a KeyboardInterrupt is meant for this thread alone
                promise.cancel()
            raise
        with self._lock:
            self._token, self._pending = token, None
        promise.set_result(token)

    def _log_in(self) -> str:
        token = self._login.login(self._api_token).get("id")
        # A token that is not valid in a header would make every later request fail.
        if not (isinstance(token, str) and token.isascii() and token.isprintable() and token):
            raise ApiIBMProtocolError(
                "The response to the login contains no usable access token. Check that the `url` "
                "of the account is that of an authentication service."
            )
        keep_secret(token)
        return token

    def __getstate__(self) -> dict[str, Any]:
        return {"_login": self._login, "_api_token": self._api_token, "_token": self._token}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.reset_after_fork()
        keep_secret(self._api_token, self._token)


# Captured here, as test doubles may replace the method.
_USER_HUBS = AuthClient.user_hubs


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
    versions: dict[str, Any] = {}

    def fetch_versions() -> None:
        finder = version_client(params.url or "", **params.session_parameters())
        versions.update(finder.version())
        _check_address(params, versions)

    try:
        client = auth_client(params)
    except IBMError as error:
        if error.failure is None or error.failure.status is not None:  # a server responded
            _raise_if_wrong_address(fetch_versions, error)
        raise
    if not (client.current_service_urls().get("services") or {}).get("runtime"):
        fetch_versions()
        raise IBMNotAuthorizedError(
            "This account is not authorized to use the runtime on the ibm_quantum channel."
        )

    calls: list[Callable[[], None]] = [fetch_versions]
    # Test doubles of the client may only override user_hubs(), as in 0.9.3.
    if getattr(client.user_hubs, "__func__", None) is _USER_HUBS:
        calls.append(client.learn_hubs)
    for called in run_concurrently(lambda call: call(), calls):
        called.result()
    warn_of_skew(params.url or "", versions)
    return client


def _raise_if_wrong_address(fetch_versions: Callable[[], None], error: IBMError) -> None:
    """Raise if a login failed because the URL is not an authentication service."""
    try:
        fetch_versions()
    except IBMInputValueError as wrong_address:
        raise wrong_address from error
    except IBMError:
        return


def _check_address(params: ClientParameters, versions: dict[str, Any]) -> None:
    """Require the versions of an authentication service.

    Raises:
        IBMInputValueError: If another server responded.
    """
    if not (versions.get("new_api") and "api-auth" in versions):
        raise IBMInputValueError(
            f"The URL {params.url} is not an IBM Quantum authentication URL. "
            "Give the address of your own service, or use channel='local'."
        )
