"""HTTP settings and hooks of a service."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Union

from requests import RequestException, Response
from requests.adapters import BaseAdapter

from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.utils.arguments import number

from . import redaction
from .retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

Outcome = Union[Response, RequestException]
logger = redaction.logger_without_secrets(__name__)


@dataclass(frozen=True)
class RequestEvent:
    """An HTTP request that is about to be sent.

    Attributes:
        method: HTTP method.
        url: URL without query and secrets.
        attempt: Number of the attempt; 2 is the first retry.

    .. versionadded:: 0.9.3+embedded.1
    """

    method: str
    url: str
    attempt: int


@dataclass(frozen=True)
class ResponseEvent:
    """The outcome of one attempt to send a request.

    Attributes:
        request: Event of the request, the same object as before.
        seconds: Seconds from sending the request to the end of the response.
        status: HTTP status; ``None`` without a response.
        headers: Headers of the response, except those with secrets.
        size: Size of the body in bytes after decompression; ``None`` if it was not read.
        error: Error message without secrets, if there is no response.

    .. versionadded:: 0.9.3+embedded.1
    """

    request: RequestEvent
    seconds: float
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class HttpSettings:
    """HTTP settings that a user chose for a service.

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService

        def log(event):
            print(event.request.method, event.request.url, event.status, event.seconds)

        service = QiskitRuntimeService(channel="local", on_response=log)

    Attributes:
        transport: Transport adapter; ``None`` for the service's own pooled connections.
        retry: Retry policy; ``None`` for the default policy.
        timeout: Seconds to connect and to wait for a response, as a pair or as one number for
            both; ``None`` for the defaults.
        on_request: Function that is called before each attempt.
        on_response: Function that is called after each attempt.

    .. versionadded:: 0.9.3+embedded.1
    """

    transport: BaseAdapter | None = None
    retry: RetryPolicy | None = None
    timeout: float | tuple[float | None, float | None] | None = None
    on_request: Callable[[RequestEvent], object] | None = None
    on_response: Callable[[ResponseEvent], object] | None = None

    def __post_init__(self) -> None:
        """Validate the settings.

        Raises:
            IBMInputValueError: If a setting is invalid.
        """
        if self.transport is not None and not isinstance(self.transport, BaseAdapter):
            raise IBMInputValueError(
                f"'transport' must be a transport adapter of requests, not {self.transport!r}."
            )
        if self.retry is not None and not isinstance(self.retry, RetryPolicy):
            raise IBMInputValueError(f"'retry' must be a RetryPolicy, not {self.retry!r}.")
        _checked_timeout(self.timeout)
        for name in ("on_request", "on_response"):
            hook = getattr(self, name)
            if hook is not None and not callable(hook):
                raise IBMInputValueError(f"{name!r} must be callable, not {hook!r}.")

    @property
    def has_hooks(self) -> bool:
        """Whether a hook is set."""
        return self.on_request is not None or self.on_response is not None

    def session_parameters(self) -> dict[str, Any]:
        """Return the settings as arguments of a :class:`~.session.RetrySession`."""
        chosen: dict[str, Any] = {"http": self}
        if self.transport is not None:
            chosen["adapter"] = self.transport
        if self.retry is not None:
            chosen["policy"] = self.retry
        if self.timeout is not None:
            chosen["timeout"] = _checked_timeout(self.timeout)
        return chosen

    def observe(self, method: str, url: str, attempt: int, send: Callable[[], Outcome]) -> Outcome:
        """Send a request between the two hooks, and return its outcome."""
        event = RequestEvent(method, redaction.redact(url.partition("?")[0]), attempt)
        _call_hook(self.on_request, event)
        began = time.monotonic()
        outcome = send()
        if self.on_response is not None:
            seconds = time.monotonic() - began
            _call_hook(self.on_response, _response_event(event, seconds, outcome))
        return outcome


def _response_event(request: RequestEvent, seconds: float, outcome: Outcome) -> ResponseEvent:
    response = outcome.response if isinstance(outcome, RequestException) else outcome
    if response is None:
        text = redaction.redact(redaction.without_query(f"{type(outcome).__name__}: {outcome}"))
        return ResponseEvent(request, seconds, error=text)
    content = response._content  # `content` would read it
    return ResponseEvent(
        request,
        seconds,
        status=response.status_code,
        headers=redaction.without_secret_headers(response.headers),
        size=len(content) if isinstance(content, bytes) else None,
    )


def _checked_timeout(timeout: Any) -> tuple[float | None, float | None]:
    pair = tuple(timeout) if isinstance(timeout, (tuple, list)) else (timeout, timeout)
    read = [number("timeout", seconds) for seconds in pair]
    if len(read) != 2 or not all(seconds is None or seconds > 0 for seconds in read):
        raise IBMInputValueError(
            "'timeout' must be a positive number of seconds, or a pair of them to connect and to "
            f"wait for a response, not {timeout!r}."
        )
    return read[0], read[1]


def _call_hook(hook: Callable[[Any], object] | None, event: Any) -> None:
    if hook is None:
        return
    try:
        hook(event)
    except Exception:  # a faulty hook must not break the request
        logger.warning("A hook for HTTP requests failed.", exc_info=True)
