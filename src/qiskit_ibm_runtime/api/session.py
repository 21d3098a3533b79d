"""The HTTP session: base URL, headers, timeouts, retries."""

from __future__ import annotations

import copy
import dataclasses
import os
import time
import zlib
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Callable

import requests
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from qiskit_ibm_runtime.exceptions import IBMError
from qiskit_ibm_runtime.proxies import tunnel
from qiskit_ibm_runtime.utils.addresses import leads_to_loopback

from .auth import NoAuth, ProxyAuthOnly
from .http import client_header, redaction, request_log
from .http.answers import LARGEST_ANSWER, read_answer
from .http.deadline import RequestDeadline, holding
from .http.errors import classify, translate, without_secrets
from .http.liveness import raise_if_ended
from .http.redirects import check_redirect, drop_secrets
from .http.request_log import RE_BACKENDS_ENDPOINT
from .http.retry import (
    HARMLESS_METHODS,
    Attempt,
    RetryPolicy,
    draw_jitter,
    retry_after_seconds,
    wait,
)
from .http.transport import Transport

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
class _Call:
    """One request with all its attempts."""

    method: str
    url: str
    bare: bool
    harmless: bool
    timeout: tuple[float, float]
    limit: int
    deadline: RequestDeadline
    streamed: bool
    arguments: dict[str, Any]
    started: float
    attempts: int = 0
    skipped: float = 0.0
    renewed: bool = False
    uncertain: bool = False

    def next_arguments(self) -> dict[str, Any]:
        """Return the arguments of the next attempt, within the remaining time."""
        left = max(self.deadline.left(), 0.001)
        timeout = tuple(min(seconds, left) for seconds in self.timeout)
        arguments = {**self.arguments, "timeout": timeout, "stream": True}
        arguments["headers"] = dict(arguments["headers"])
        return arguments


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
        "_watched",
        "_owns_adapter",
    ]
    clock: Callable[[], float] = staticmethod(time.monotonic)

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
        self._watched = http if http is not None and http.has_hooks else None
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
        call = self._new_call(method.upper(), url, bare, kwargs)
        request_log.request(logger, call.method, call.url, bare=bare)
        while True:
            call.attempts += 1
            if self._watched is None:
                outcome = self._attempt(call)
            else:
                event = self._watched.sending(call.method, call.url, call.attempts)
                began = self.clock()
                outcome = self._attempt(call)
                self._watched.answered(event, self.clock() - began, outcome)
            if not isinstance(outcome, requests.RequestException):
                return outcome
            if self._renewed(call, outcome.response):
                continue
            if outcome.response is None:
                raise_if_ended(call.url)
            what = self._what_happened(call, outcome)
            call.uncertain = call.uncertain or what.uncertain
            pause = self.policy.pause(what, draw_jitter()) if call.deadline.left() > 0 else None
            if pause is None:
                break
            request_log.retry(logger, call.method, call.url, outcome, pause)
            call.skipped += wait(pause)
        raise translate(
            outcome,
            what,
            asked=f"{call.method} {call.url}",
            uncertain=call.uncertain,
            foreign=bare,
        ) from without_secrets(outcome, foreign=bare)

    def _new_call(self, method: str, url: str, bare: bool, kwargs: dict[str, Any]) -> _Call:
        headers = dict(kwargs.pop("headers", None) or {})
        if bare:
            kwargs["auth"] = ProxyAuthOnly(getattr(self.auth, "proxy_part", None))
        else:
            headers.setdefault("X-Qx-Client-Application", self.client_application())
            # Without any handler requests would look for credentials in a .netrc file.
            kwargs.setdefault("auth", self.auth or NoAuth())
        if kwargs.get("data") is not None:
            kwargs["data"] = _repeatable(kwargs["data"])
        harmless = kwargs.pop("idempotent", None)
        connect, read = _pair(kwargs.pop("timeout", None), self._timeout)
        budget = max(self.policy.budget, read)
        return _Call(
            method=method,
            url=url if bare else self.base_url + url,
            bare=bare,
            harmless=method in HARMLESS_METHODS if harmless is None else harmless,
            timeout=(connect, read),
            limit=kwargs.pop("limit", LARGEST_ANSWER),
            deadline=RequestDeadline(budget, self.clock, silence=read),
            streamed=bool(kwargs.pop("stream", False)),
            arguments={**kwargs, "headers": headers},
            started=self.clock(),
        )

    def _attempt(self, call: _Call) -> requests.Response | requests.RequestException:
        """Send the request once; return the response, or the error with any response in it."""
        marks = redaction.ours.set(True), redaction.foreign.set(call.bare)
        ntlm = tunnel.credentials.set(getattr(self.auth, "proxy_part", None))
        arguments = call.next_arguments()
        try:
            with holding(call.deadline):
                response = super().request(call.method, call.url, **arguments)
                if response.status_code >= 400 or not call.streamed:
                    read_answer(response, call.limit, call.deadline)
            _check_status(response, call)
        except requests.RequestException as exc:
            return exc
        except _BAD_ANSWERS as exc:
            return requests.ConnectionError(exc)
        else:
            return response
        finally:
            redaction.ours.reset(marks[0])
            redaction.foreign.reset(marks[1])
            tunnel.credentials.reset(ntlm)

    def _renewed(self, call: _Call, response: requests.Response | None) -> bool:
        """Renew refused credentials; return whether to send the request again."""
        renew = getattr(self.auth, "renew", None)
        if response is None or response.status_code != 401 or call.renewed or call.bare:
            return False
        call.renewed = True
        try:
            return renew is not None and bool(renew(response.request))
        except IBMError as exc:
            raise _copy_for_call(exc, call) from None

    def _what_happened(self, call: _Call, error: requests.RequestException) -> Attempt:
        elapsed = self.clock() - call.started + call.skipped
        response = error.response
        if response is None:
            return Attempt(call.harmless, call.attempts, elapsed, fault=classify(error))
        return Attempt(
            call.harmless,
            call.attempts,
            elapsed,
            status=response.status_code,
            retry_after=retry_after_seconds(response.headers.get("Retry-After")),
        )

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Give the account's settings precedence over the environment, unlike requests.

        Requests to this machine never use the environment's proxies.
        """
        own = proxies or self.proxies
        if not own and self.trust_env and not leads_to_loopback(url):
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


def _copy_for_call(error: IBMError, call: _Call) -> IBMError:
    """Copy the error of a login shared by several requests, for one of them."""
    own = copy.copy(error)
    if own.failure is not None and call.uncertain:
        own.failure = dataclasses.replace(own.failure, uncertain=True)
    return own


def _check_status(response: requests.Response, call: _Call) -> None:
    """Raise for every final response that is not successful.

    Raises:
        requests.HTTPError: For a status other than 2xx, except for a redirect that the caller
            handles.
    """
    response.raise_for_status()
    seen = call.arguments.get("allow_redirects") is False and response.is_redirect
    if not (200 <= response.status_code < 300 or seen):
        raise requests.HTTPError(
            f"Unexpected status {response.status_code} in response to {call.method} for url: "
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


def _pair(given: Any, default: tuple[float | None, float | None]) -> tuple[float, float]:
    connect, read = given if isinstance(given, tuple) else (given, given)
    return (
        connect or default[0] or CONNECT_TIMEOUT,
        read or default[1] or READ_TIMEOUT,
    )
