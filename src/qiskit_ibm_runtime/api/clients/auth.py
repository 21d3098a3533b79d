"""Log-in on the quantum channel."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.api.auth import QuantumAuth
from qiskit_ibm_runtime.api.rest.root import Api
from qiskit_ibm_runtime.api.session import RetrySession

from .base import BaseClient

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.client_parameters import ClientParameters


class LoginSource:
    """Access tokens from log-ins; one log-in for all threads that hold the same stale token."""

    def __init__(self, login: Api, api_token: str) -> None:
        self._login, self._api_token = login, api_token
        self._lock = threading.Lock()
        self._token: str = login.login(api_token)["id"]

    def current(self) -> str:
        """Return the token in use."""
        return self._token

    def renew(self, stale: str) -> str:
        """Return a token other than ``stale``."""
        with self._lock:
            if self._token == stale:
                self._token = self._login.login(self._api_token)["id"]
            return self._token

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()


class AuthClient(BaseClient):
    """Logs in and knows what the account may use."""

    def __init__(self, client_params: ClientParameters) -> None:
        self.api_token = client_params.token
        self.auth_url = client_params.url or ""
        connection = {**client_params.connection_parameters(), "pool": client_params.pool}
        self.token_source = LoginSource(
            Api(RetrySession(self.auth_url, **connection)), self.api_token
        )
        self.access_token = self.token_source.current()
        auth = QuantumAuth(self.access_token, self.token_source)
        connection.pop("auth", None)
        self.auth_api = Api(RetrySession(self.auth_url, auth=auth, **connection))
        self._service_urls: dict[str, Any] = self.user_urls()
        self.base_api = Api(
            RetrySession(self._service_urls.get("http", ""), auth=auth, **connection)
        )

    def user_urls(self) -> dict[str, Any]:
        """Return the addresses of the services, asked for anew."""
        return self.auth_api.user_info().get("urls", {})  # type: ignore[no-any-return]

    def user_hubs(self) -> list[dict[str, str]]:
        """Return hub, group and project of each instance, the default one first."""
        found: list[dict[str, str]] = []
        for hub in self.base_api.hubs():
            for group, content in hub["groups"].items():
                for project, details in content["projects"].items():
                    entry = {"hub": hub["name"], "group": group, "project": project}
                    found.insert(0 if details.get("isDefault") else len(found), entry)
        return found

    def api_version(self) -> dict[str, Any]:
        """Return the versions of the service."""
        return self.auth_api.version()

    def current_access_token(self) -> str:
        """Return the access token in use."""
        return self.token_source.current()

    def current_service_urls(self) -> dict[str, Any]:
        """Return the addresses of the services."""
        return self._service_urls
