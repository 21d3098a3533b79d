"""Access tokens from log-ins."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError
from qiskit_ibm_runtime.api.forks import reset_in_children
from qiskit_ibm_runtime.api.redaction import keep_secret

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.rest.root import Api


class LoginSource:
    """Access tokens from log-ins; one log-in for all threads that hold the same stale token.

    A log-in that fails fails for all who waited for it: a refused token is not tried once by each.
    """

    def __init__(self, login: Api, api_token: str) -> None:
        self._login, self._api_token = login, api_token
        self.reset_after_fork()
        keep_secret(api_token)
        self._token = self._log_in()

    def reset_after_fork(self) -> None:
        """Forget a log-in of another process, whose thread does not run in this one."""
        self._lock = threading.Lock()
        self._under_way: Future[str] | None = None
        reset_in_children(self)

    def current(self) -> str:
        """Return the token in use."""
        return self._token

    def renew(self, stale: str) -> str:
        """Return a token other than ``stale``.

        Raises:
            IBMNotAuthorizedError: If the log-in is refused.
            RequestsApiError: If it fails otherwise.
        """
        while True:
            with self._lock:
                if self._token != stale:
                    return self._token
                under_way, ours = self._under_way, self._under_way is None
                if under_way is None:
                    under_way = self._under_way = Future()
            if ours:
                self._settle(under_way)
            with suppress(CancelledError):  # the thread that logged in was interrupted
                return under_way.result()

    def _settle(self, promise: Future[str]) -> None:
        try:
            token = self._log_in()
        except BaseException as exc:
            with self._lock:
                self._under_way = None
            if isinstance(exc, Exception):
                promise.set_exception(exc)
            else:  # a KeyboardInterrupt is meant for this thread alone
                promise.cancel()
            raise
        with self._lock:
            self._token, self._under_way = token, None
        promise.set_result(token)

    def _log_in(self) -> str:
        token = self._login.login(self._api_token).get("id")
        # A token that cannot stand in a header would fail every later request before it is sent.
        if not (isinstance(token, str) and token.isascii() and token.isprintable() and token):
            raise ApiIBMProtocolError(
                "The service answered the log-in without a usable access token; is the URL that of "
                "an authentication service?"
            )
        keep_secret(token)
        return token

    def __getstate__(self) -> dict[str, Any]:
        return {"_login": self._login, "_api_token": self._api_token, "_token": self._token}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.reset_after_fork()
        keep_secret(self._api_token, self._token)
