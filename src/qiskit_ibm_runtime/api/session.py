"""The HTTP session: base URL, headers, timeouts, retries."""

from __future__ import annotations

import logging
import os
import random
import re
import time
from typing import Any, Callable
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError
from urllib3.util.retry import Retry

from . import caller
from .errors import translate
from .retry import RetryPolicy, retry_after_seconds

logger = logging.getLogger(__name__)
STATUS_FORCELIST = (500, 502, 503, 504, 520, 521, 522, 524)
CUSTOM_HEADER_ENV_VAR = "QISKIT_IBM_RUNTIME_CUSTOM_CLIENT_APP_HEADER"
QE_PROVIDER_HEADER_ENV_VAR = "QE_CUSTOM_CLIENT_APP_HEADER"
CLIENT_APPLICATION = "qiskit-version-2"
RE_BACKENDS_ENDPOINT = re.compile(r"^(.*/backends/)([^/}]{2,})(.*)$", re.IGNORECASE)
READ_TIMEOUT = 60.0
_SECRET_HEADERS = ("X-Access-Token", "Service-CRN", "Authorization", "X-Qx-Client-Application")


class PostForcelistRetry(Retry):
    """Kept for code that names it; the session decides by :class:`~.retry.RetryPolicy`."""

    def increment(
        self,
        method: Any = None,
        url: Any = None,
        response: Any = None,
        error: Any = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Any:
        """Count one more attempt."""
        return super().increment(method, url, response, error, _pool, _stacktrace)

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        """Whether a status is worth another attempt."""
        if method.upper() == "POST" and status_code in (self.status_forcelist or ()):
            return True
        return super().is_retry(method, status_code, has_retry_after)


class RetrySession(requests.Session):
    """A session that retries what can be retried safely.

    .. code-block:: python

        with RetrySession("https://runtime.example") as session:
            session.get("/jobs").json()
    """

    sleep: Callable[[float], None] = staticmethod(time.sleep)

    def __init__(
        self,
        base_url: str,
        retries_total: int = 5,
        retries_connect: int = 3,
        backoff_factor: float = 0.5,
        verify: bool | str = True,
        proxies: dict[str, str] | None = None,
        auth: Any = None,
        timeout: tuple[float, float | None] = (5.0, None),
        *,
        pool: HTTPAdapter | None = None,
    ) -> None:
        super().__init__()
        self.base_url = base_url.rstrip("/")
        self.policy = RetryPolicy(retries_total, retries_connect, backoff_factor)
        self.verify = verify
        self.proxies = dict(proxies or {})
        self.auth = auth
        self._timeout = timeout
        self.custom_header = (
            os.getenv(CUSTOM_HEADER_ENV_VAR) or os.getenv(QE_PROVIDER_HEADER_ENV_VAR) or ""
        )
        adapter = pool or HTTPAdapter(pool_maxsize=32)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def _set_custom_header(self) -> None:
        """Append the custom text to a client header stored on the session."""
        if self.custom_header:
            current = str(self.headers.get("X-Qx-Client-Application", ""))
            if not current.endswith(f"/{self.custom_header}"):
                self.headers["X-Qx-Client-Application"] = f"{current}/{self.custom_header}"

    def request(  # type: ignore[override]  # the order of arguments is that of 0.9.3
        self, method: str, url: str, bare: bool = False, **kwargs: Any
    ) -> requests.Response:
        """Send a request to a path below the base URL; ``bare`` sends it elsewhere without secrets.

        Raises:
            IBMNotAuthorizedError: If the credentials are refused.
            RequestsApiError: If the request fails otherwise.
        """
        headers = dict(kwargs.pop("headers", None) or {})
        if bare:
            kwargs["auth"] = lambda request: request
            target = url
        else:
            headers.setdefault(
                "X-Qx-Client-Application", caller.client_application(self.custom_header)
            )
            target = self.base_url + url
        connect, read = kwargs.pop("timeout", None) or self._timeout
        kwargs["timeout"] = (connect or 5.0, read or READ_TIMEOUT)
        return self._attempts(method.upper(), target, headers, kwargs)

    def _attempts(
        self, method: str, url: str, headers: dict[str, str], kwargs: dict[str, Any]
    ) -> requests.Response:
        started = time.monotonic()
        renewed = False
        attempt = 0
        while True:
            attempt += 1
            response, error = None, None
            source = getattr(self.auth, "token_source", None)
            token = source.current() if source else None
            try:
                response = super().request(method, url, headers=headers, **kwargs)
                response.raise_for_status()
            except requests.RequestException as exc:
                error = exc
            else:
                return response
            refused = response is not None and response.status_code == 401
            if refused and source and token and not renewed:
                renewed = True
                source.renew(token)
                continue
            repeat = (
                self.policy.repeats_status(method, response.status_code, attempt)
                if response is not None
                else self.policy.repeats_fault(method, attempt, sent=not _never_sent(error))
            )
            elapsed = time.monotonic() - started
            wish = (
                retry_after_seconds(response.headers.get("Retry-After"))
                if response is not None
                else None
            )
            pause = self.policy.pause(attempt, wish, random.random())
            if not repeat or elapsed + pause > self.policy.budget:
                raise translate(error, response, attempt, elapsed) from error
            self.sleep(pause)

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        """Drop every secret when a redirect leads to another origin."""
        old, new = urlsplit(response.request.url), urlsplit(prepared_request.url)
        if (old.scheme, old.netloc) != (new.scheme, new.netloc):
            for name in _SECRET_HEADERS:
                prepared_request.headers.pop(name, None)


def _never_sent(error: BaseException | None) -> bool:
    reason = getattr(error.args[0], "reason", None) if error is not None and error.args else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)
