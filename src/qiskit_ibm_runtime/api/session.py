"""The HTTP session: base URL, headers, timeouts, retries."""

from __future__ import annotations

import copy
import dataclasses
import logging
import os
import re
import socket
import time
import zlib
from dataclasses import dataclass
from functools import lru_cache, partial
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from qiskit_ibm_runtime.exceptions import IBMError
from qiskit_ibm_runtime.utils.addresses import leads_to_loopback

from .auth import NoAuth, ProxyAuthOnly, check_redirect, drop_secrets
from .http import client_header, redaction
from .http.answers import LARGEST_ANSWER, read_answer
from .http.errors import classify, translate, without_secrets
from .http.liveness import raise_if_ended
from .http.retry import (
    HARMLESS_METHODS,
    Attempt,
    RetryPolicy,
    draw_jitter,
    retry_after_seconds,
    wait,
)
from .http.transport import RequestDeadline, Transport, current_deadline

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

    from .http.settings import HttpSettings

__all__ = [
    "CLIENT_APPLICATION",
    "CUSTOM_HEADER_ENV_VAR",
    "QE_PROVIDER_HEADER_ENV_VAR",
    "RE_BACKENDS_ENDPOINT",
    "STATUS_FORCELIST",
    "PostForcelistRetry",
    "RetrySession",
]
logger = redaction.logger_without_secrets(__name__)
STATUS_FORCELIST = (500, 502, 503, 504, 520, 521, 522, 524)
CUSTOM_HEADER_ENV_VAR = "QISKIT_IBM_RUNTIME_CUSTOM_CLIENT_APP_HEADER"
QE_PROVIDER_HEADER_ENV_VAR = "QE_CUSTOM_CLIENT_APP_HEADER"
CLIENT_APPLICATION = "qiskit-version-2"
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 60.0
DEFAULT_TIMEOUT: tuple[float | None, float | None] = (CONNECT_TIMEOUT, None)
RE_BACKENDS_ENDPOINT = re.compile(r"^(.*/backends/)([^/}]{2,})(.*)$", re.IGNORECASE)
# Frequent or long requests that are of little interest in the log.
_QUIET_ENDINGS = ("/queue/status", "/devices/v/1", "/Jobs/status", "/properties", "/defaults")
_QUIET_PARTS = ("objectstorage", "bookings")
_QUIET_STARTS = ("/users", "/version")
_LONGEST_LOGGED = 2000
# Errors while reading a response that requests does not translate to its own.
_BAD_ANSWERS = (HTTPError, HTTPException, OSError, ValueError, OverflowError, zlib.error)


class PostForcelistRetry(Retry):
    """Compatibility class of 0.9.3; the session uses :class:`~.retry.RetryPolicy`."""

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
        """Return whether to retry after a status."""
        if method.upper() == "POST" and status_code in (self.status_forcelist or ()):
            return True
        return super().is_retry(method, status_code, has_retry_after)


@dataclass
class _OngoingRequest:
    """One request with all its attempts."""

    method: str
    url: str
    bare: bool
    harmless: bool
    timeout: tuple[float, float]
    limit: int
    streamed: bool
    arguments: dict[str, Any]
    started: float
    deadline: RequestDeadline
    attempts: int = 0
    skipped: float = 0.0
    renewed: bool = False
    uncertain: bool = False

    def seconds_left(self) -> float:
        """Return the seconds left; negative after the deadline."""
        return self.deadline.end - time.monotonic()

    def last_attempt(self, error: requests.RequestException) -> Attempt:
        """Describe the attempt that failed with an error."""
        response = error.response
        return Attempt(
            self.harmless,
            self.attempts,
            elapsed=time.monotonic() - self.started + self.skipped,
            status=None if response is None else response.status_code,
            fault=classify(error) if response is None else None,
            retry_after=None
            if response is None
            else retry_after_seconds(response.headers.get("Retry-After")),
        )


class RetrySession(requests.Session):
    """HTTP session that retries safely and raises one type of error.

    Threads may share a session, as it stores no state of a request. Every request ends within the
    policy's time budget, plus the time to transfer its data.

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService
        from qiskit_ibm_runtime.api.session import RetrySession

        url = QiskitRuntimeService(channel="local").active_account()["url"]
        with RetrySession(url) as session:
            print(session.get("/version").json())

    Args:
        base_url: Prefix of the path of each request.
        retries_total: Maximum number of retries of a request.
        retries_connect: Maximum number of these after a connection failed to open.
        backoff_factor: Seconds before the second retry; the delay doubles with each further retry.
        verify: Whether to verify TLS certificates, or the path of a CA file to verify them with.
        proxies: Proxies by scheme or host. They take precedence over the environment's proxies,
            which are never used for addresses of this machine.
        auth: Auth handler that sets credentials; its optional method ``renew(request)`` replaces
            refused credentials.
        timeout: Seconds to connect, and to wait for data; ``None`` means 5 and 60.
        adapter: Transport adapter to share with other sessions; by default, a new one.
        policy: Retry policy, which replaces the three retry arguments above.
        http: Settings whose hooks are called for each request.
    """

    __attrs__ = [
        *requests.Session.__attrs__,
        "base_url",
        "custom_header",
        "policy",
        "_timeout",
        "_hooks",
        "_owns_adapter",
    ]

    def __init__(
        self,
        base_url: str,
        retries_total: int = 5,
        retries_connect: int = 3,
        backoff_factor: float = 0.5,
        verify: bool | str = True,
        proxies: dict[str, str] | None = None,
        auth: Any = None,
        timeout: tuple[float | None, float | None] = DEFAULT_TIMEOUT,
        *,
        adapter: BaseAdapter | None = None,
        policy: RetryPolicy | None = None,
        http: HttpSettings | None = None,
    ) -> None:
        super().__init__()
        self.base_url = base_url.rstrip("/")
        self.policy = policy or RetryPolicy(retries_total, retries_connect, backoff_factor)
        self.headers["Accept-Encoding"] = "gzip, deflate"  # what `answers` reads
        self.verify = verify
        self.proxies = dict(proxies or {})
        self.auth = auth
        self._timeout = timeout
        self._hooks = http if http is not None and http.has_hooks else None
        self.custom_header = (
            os.getenv(CUSTOM_HEADER_ENV_VAR) or os.getenv(QE_PROVIDER_HEADER_ENV_VAR) or ""
        )
        self._owns_adapter = adapter is None
        adapter = adapter or Transport()
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        redaction.keep_proxies_secret(self.proxies)
        redaction.watch_libraries()

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to copy or pickle, without open connections."""
        return {name: getattr(self, name, None) for name in self.__attrs__}

    def __del__(self) -> None:
        if getattr(self, "_owns_adapter", False):
            self.close()

    def close(self) -> None:
        """Close the session's own connections; those of a shared adapter stay open."""
        if self._owns_adapter:
            super().close()

    @property
    def has_own_timeout(self) -> bool:
        """Whether the creator of the session set a timeout."""
        return self._timeout != DEFAULT_TIMEOUT

    def client_application(self) -> str:
        """Return the client header that a request from the caller would send."""
        return client_header.client_application(self.custom_header)

    def _set_custom_header(self) -> None:
        """Append the custom string to a client header stored on the session."""
        if self.custom_header:
            current = str(self.headers.get("X-Qx-Client-Application", ""))
            if not current.endswith(f"/{self.custom_header}"):
                self.headers["X-Qx-Client-Application"] = f"{current}/{self.custom_header}"

    def request(  # type: ignore[override]  # the order of arguments is that of 0.9.3
        self, method: str, url: str, bare: bool = False, **kwargs: Any
    ) -> requests.Response:
        """Send a request and return its successful response.

        Args:
            method: HTTP method.
            url: Path relative to the base URL; the full URL if ``bare``.
            bare: Whether to send the request to another host, without credentials, client header
                and cookies.
            **kwargs: As for ``requests``. ``idempotent`` states whether the request is safe to
                repeat; by default, all methods except POST and PATCH are. ``limit`` is the maximum
                size of the response in bytes after decompression; 1 GiB by default.

        Raises:
            IBMNotAuthorizedError: If the credentials are refused.
            IBMRuntimeError: If the server was an embedded runtime that has ended.
            RequestsApiError: If the request fails otherwise.
        """
        ongoing = self._new_request(method.upper(), url, bare, kwargs)
        _log_request(ongoing)
        while True:
            ongoing.attempts += 1
            if self._hooks is None:
                outcome = self._attempt(ongoing)
            else:
                send = partial(self._attempt, ongoing)
                outcome = self._hooks.observe(ongoing.method, ongoing.url, ongoing.attempts, send)
            if not isinstance(outcome, requests.RequestException):
                return outcome
            if self._renewed(ongoing, outcome.response):
                continue
            if outcome.response is None:
                raise_if_ended(ongoing.url)
            attempt = ongoing.last_attempt(outcome)
            ongoing.uncertain = ongoing.uncertain or attempt.uncertain
            pause = None
            if ongoing.seconds_left() > 0:
                pause = self.policy.pause(attempt, draw_jitter())
            if pause is None:
                break
            _log_retry(ongoing, outcome, pause)
            ongoing.skipped += wait(pause)
        raise translate(
            outcome,
            attempt,
            request=f"{ongoing.method} {ongoing.url}",
            uncertain=ongoing.uncertain,
            foreign=bare,
        ) from without_secrets(outcome, foreign=bare)

    def _new_request(
        self, method: str, url: str, bare: bool, kwargs: dict[str, Any]
    ) -> _OngoingRequest:
        headers = dict(kwargs.pop("headers", None) or {})
        if bare:
            kwargs["auth"] = ProxyAuthOnly(getattr(self.auth, "proxy_part", None))
        else:
            headers.setdefault("X-Qx-Client-Application", self.client_application())
            # Without any handler requests would look for credentials in a .netrc file.
            kwargs.setdefault("auth", self.auth or NoAuth())
        if kwargs.get("data") is not None:
            kwargs["data"] = _repeatable(kwargs["data"])
        idempotent = kwargs.pop("idempotent", None)
        connect, read = _timeouts(kwargs.pop("timeout", None), self._timeout)
        started = time.monotonic()
        return _OngoingRequest(
            method=method,
            url=url if bare else self.base_url + url,
            bare=bare,
            harmless=method in HARMLESS_METHODS if idempotent is None else idempotent,
            timeout=(connect, read),
            limit=kwargs.pop("limit", LARGEST_ANSWER),
            streamed=bool(kwargs.pop("stream", False)),
            arguments={**kwargs, "headers": headers},
            started=started,
            deadline=RequestDeadline(started + max(self.policy.budget, read), silence=read),
        )

    def _attempt(self, ongoing: _OngoingRequest) -> requests.Response | requests.RequestException:
        """Send the request once; return the response, or the error with any response in it."""
        left = max(ongoing.seconds_left(), 0.001)
        connect, read = ongoing.timeout
        arguments = {
            **ongoing.arguments,
            "headers": dict(ongoing.arguments["headers"]),
            "timeout": (min(connect, left), min(read, left)),
            "stream": True,
        }
        destination = redaction.destination.set("elsewhere" if ongoing.bare else "service")
        deadline = current_deadline.set(ongoing.deadline)
        outcome: requests.Response | requests.RequestException
        try:
            outcome = super().request(ongoing.method, ongoing.url, **arguments)
            if outcome.status_code >= 400 or not ongoing.streamed:
                read_answer(outcome, ongoing.limit, ongoing.deadline)
            _check_status(outcome, ongoing)
        except requests.RequestException as exc:
            outcome = exc
        except socket.timeout as exc:
            outcome = requests.ReadTimeout(exc)
        except _BAD_ANSWERS as exc:
            outcome = requests.ConnectionError(exc)
        finally:
            redaction.destination.reset(destination)
            current_deadline.reset(deadline)
        return outcome

    def _renewed(self, ongoing: _OngoingRequest, response: requests.Response | None) -> bool:
        """Renew refused credentials; return whether to send the request again."""
        renew = getattr(self.auth, "renew", None)
        if response is None or response.status_code != 401 or ongoing.renewed or ongoing.bare:
            return False
        ongoing.renewed = True
        try:
            return renew is not None and bool(renew(response.request))
        except IBMError as exc:
            raise _copy_for_request(exc, ongoing) from None

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Give the account's settings precedence over the environment, unlike requests.

        Requests to this machine never use the environment's proxies.
        """
        own = proxies or self.proxies
        host = self.base_url if url.startswith(f"{self.base_url}/") else url
        if not own and self.trust_env and not _leads_to_loopback(host):
            own = get_environ_proxies(url)
        verify = self.verify if verify is None else verify
        if verify is True and self.trust_env:
            bundles = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
            verify = next(filter(None, map(os.environ.get, bundles)), True)
        return {
            "proxies": dict(own or {}),
            "stream": self.stream if stream is None else stream,
            "verify": verify,
            "cert": cert or self.cert,
        }

    def rebuild_proxies(self, prepared_request: Any, proxies: Any) -> Any:
        """Send a redirected request through the same proxies."""
        prepared_request.headers.pop("Proxy-Authorization", None)
        return self.merge_environment_settings(
            prepared_request.url, self.proxies, None, None, None
        )["proxies"]

    def get_redirect_target(self, resp: Any) -> str | None:
        """Return the target of a redirect, if it is allowed."""
        if resp.is_redirect:
            resp._content = b""  # requests would read all of it, without a limit
            resp.close()
        location = super().get_redirect_target(resp)
        if location is not None:
            check_redirect(resp, location)
        return location

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        """Drop all secrets when a redirect leads to another origin."""
        drop_secrets(prepared_request, response.request.url)


def _copy_for_request(error: IBMError, ongoing: _OngoingRequest) -> IBMError:
    """Copy the error of a login shared by several requests, for one of them."""
    own = copy.copy(error)
    if own.failure is not None and ongoing.uncertain:
        own.failure = dataclasses.replace(own.failure, uncertain=True)
    return own


def _check_status(response: requests.Response, ongoing: _OngoingRequest) -> None:
    """Raise for every final response that is not successful.

    Raises:
        requests.HTTPError: For a status other than 2xx, except for a redirect that the caller
            handles.
    """
    response.raise_for_status()
    seen = ongoing.arguments.get("allow_redirects") is False and response.is_redirect
    if not (200 <= response.status_code < 300 or seen):
        raise requests.HTTPError(
            f"Unexpected status {response.status_code} in response to {ongoing.method} for url: "
            f"{response.url}",
            response=response,
        )


def _repeatable(data: Any) -> Any:
    """Return a body that can be sent repeatedly; streams are read into memory."""
    if hasattr(data, "read"):
        return data.read()
    if hasattr(data, "__next__"):
        return b"".join(part.encode() if isinstance(part, str) else part for part in data)
    return data


def _timeouts(given: Any, default: tuple[float | None, float | None]) -> tuple[float, float]:
    connect, read = given if isinstance(given, tuple) else (given, given)
    return (
        connect or default[0] or CONNECT_TIMEOUT,
        read or default[1] or READ_TIMEOUT,
    )


_leads_to_loopback = lru_cache(leads_to_loopback)


def loggable(url: str) -> str | None:
    """Return a URL for the log, without the backend's name; ``None`` if it is not logged."""
    named = RE_BACKENDS_ENDPOINT.sub(r"\1...\3", url)
    path = urlsplit(named).path
    below = path[len("/api") :] if path.startswith("/api/") else path
    if path.endswith(_QUIET_ENDINGS) or any(part in named for part in _QUIET_PARTS):
        return None
    if below.startswith(_QUIET_STARTS) or below == "/Network":
        return None
    return named


def _log_request(ongoing: _OngoingRequest) -> None:
    """Log a request, without its content."""
    named = loggable(ongoing.url) if logger.isEnabledFor(logging.DEBUG) else None
    if named is not None:
        named = redaction.without_query(named) if ongoing.bare else named
        logger.debug("Endpoint: %s. Method: %s.", named, ongoing.method)


def _log_retry(ongoing: _OngoingRequest, error: requests.RequestException, pause: float) -> None:
    """Log why a request is retried."""
    if not logger.isEnabledFor(logging.DEBUG):
        return
    response = error.response
    if response is None:
        cause = redaction.without_query(f"{type(error).__name__}: {error}")
    else:
        headers = redaction.without_secret_headers(response.headers)
        text = response.text[:_LONGEST_LOGGED]
        cause = f"status {response.status_code}; response: {text}; headers: {headers}"
    url = redaction.without_query(RE_BACKENDS_ENDPOINT.sub(r"\1...\3", ongoing.url))
    logger.debug("Retrying %s %s in %.1f s after %s", ongoing.method, url, pause, cause)
