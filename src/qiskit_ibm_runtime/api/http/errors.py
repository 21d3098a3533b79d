"""Classification of failed requests, and translation to errors."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import ConnectTimeoutError, LocationValueError, NewConnectionError

from qiskit_ibm_runtime.api.exceptions import AuthenticationLicenseError, RequestsApiError
from qiskit_ibm_runtime.exceptions import Failure, IBMNotAuthorizedError
from qiskit_ibm_runtime.utils.retired import explain

from .answers import AnswerRefused
from .redaction import HIDDEN, SECRET_HEADERS, redact, without_query
from .retry import Fault

if TYPE_CHECKING:
    from .retry import Attempt


LONGEST_BODY = 4000
_LONGEST_TRACE = 200
_MARGIN = 4000
_SEPARATORS = " \t\r\n,;&\"'<>(){}[]"
_TRACE_HEADERS = ("uber-trace-id", "X-Transaction-Id", "x-global-transaction-id")
_ADVICE = {
    401: "Check the token and the instance of the account. Save the account again if the token "
    "was replaced.",
    403: "The account is not authorized for this operation; check the instance.",
    407: "The proxy requires credentials: add them to the proxy's URL, or pass NTLM credentials.",
    413: "The request is too large for the service; split it into several jobs.",
    429: "The account has too many requests or jobs; wait, or run fewer at the same time.",
}
_SERVER_ERROR = "This is a fault of the service; try again later."
_NOT_THE_SERVICE = "Check the URL: a Qiskit Runtime service does not send such a response."
_TUNNEL_REFUSED = (
    "The proxy requires credentials: add them to the proxy's URL. With https, this package cannot "
    "use NTLM credentials: run a local relay such as px or cntlm, which logs in to the proxy, and "
    "pass its URL as the proxy."
)
_NO_ANSWER = (
    (
        ("The response is longer", "The response expands", "The response is encoded"),
        _NOT_THE_SERVICE,
    ),
    (
        ("has expired", "not yet valid", "ostname mismatch", "doesn't match"),
        "The certificate is not valid for this host or time: check the URL and the system clock.",
    ),
    (
        ("CERTIFICATE_VERIFY_FAILED", "certificate verify failed", "TLS CA certificate"),
        "If the network has its own certificate authority, pass its CA file as `verify`.",
    ),
    (("Tunnel connection failed: 407",), _TUNNEL_REFUSED),
    (("proxy", "Proxy"), "Check the proxy settings of the account and of the environment."),
)
_CHECK_ADDRESS = "Check the network connection and the URL of the service."


class NtlmError(requests.exceptions.ProxyError):
    """NTLM authentication failed."""


class RedirectRefused(requests.RequestException):
    """A redirect leads to an address that must not receive the request."""


# Raised before a request is sent, or by a redirect.
_UNUSABLE = (
    NtlmError,
    RedirectRefused,
    requests.TooManyRedirects,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.InvalidJSONError,
    LocationValueError,
    UnicodeError,
    FileNotFoundError,
)
# TLS errors of the handshake; other TLS errors may occur after the request was sent.
_BAD_HANDSHAKE = re.compile(
    r"certificate verify failed|CERTIFICATE_VERIFY_FAILED|doesn't match|hostname mismatch"
    r"|WRONG_VERSION_NUMBER|TLS CA certificate|TLS certificate",
    re.IGNORECASE,
)
_TUNNEL = re.compile(r"Tunnel connection failed: (\d)")


@dataclass(frozen=True)
class ServiceError:
    """Content of an error body."""

    message: str = ""
    name: str | None = None
    code: int | str | None = None
    trace_id: str | None = None
    solution: str = ""


def parse(body: str) -> ServiceError:
    """Parse the two formats of error bodies; for other bodies, use their text or page title."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return ServiceError(_body_text(body))
    if not isinstance(data, dict):
        return ServiceError(_body_text(body))
    trace = data.get("trace")
    trace = str(trace) if trace else None
    errors = data.get("errors")
    found = [data.get("error"), *(errors if isinstance(errors, list) else [])]
    details = [error for error in found if isinstance(error, dict)]
    if not details:
        return ServiceError(_body_text(body), trace_id=trace)
    first = details[0]
    messages = [str(error["message"]) for error in details if error.get("message")]
    return ServiceError(
        message="; ".join(messages),
        name=first.get("name"),
        code=first.get("code"),
        trace_id=trace,
        solution=str(first.get("solution") or ""),
    )


def translate(
    error: requests.RequestException,
    attempt: Attempt,
    *,
    request: str = "",
    uncertain: bool = False,
    foreign: bool = False,
) -> Exception:
    """Return the error to raise for a failed request.

    Args:
        error: Error of ``requests``, with the last response, if any.
        attempt: The last attempt.
        request: Method and URL of the request.
        uncertain: Whether the service may have executed one of the attempts.
        foreign: Whether the request went to another host, whose URL is shown without its query.
    """
    response = error.response
    if response is None:
        return _unanswered(error, attempt, request, uncertain=uncertain, foreign=foreign)
    body = response.text
    details = parse(body)
    trace = details.trace_id or next(filter(None, map(response.headers.get, _TRACE_HEADERS)), None)
    trace = shortened(trace, _LONGEST_TRACE) if trace else None
    failure = Failure(
        status=response.status_code,
        code=details.code,
        message=shortened(details.message),
        trace_id=trace,
        attempts=attempt.number,
        elapsed=attempt.elapsed,
        uncertain=uncertain,
    )
    said = f"{details.message}, Error code: {details.code}." if details.code is not None else ""
    parts = [
        f"{_redacted(str(error), foreign)}.",
        shortened(said),
        shortened(body.strip()),
        shortened(details.solution),
        f"(trace {trace})" if trace else "",
        _attempts_text(failure),
        explain(response.url or "", response.status_code) or _advice(response.status_code),
    ]
    text = " ".join(filter(None, parts))
    if response.status_code != 401:
        return RequestsApiError(text, response.status_code, failure=failure)
    if details.name == "ACCEPT_LICENSE_REQUIRED":
        return AuthenticationLicenseError(text, 401, failure=failure)
    return IBMNotAuthorizedError(text, failure=failure)


def _unanswered(
    error: BaseException, attempt: Attempt, request: str, *, uncertain: bool, foreign: bool
) -> RequestsApiError:
    message = _redacted(str(error), foreign)
    failure = Failure(
        message=message,
        attempts=attempt.number,
        elapsed=attempt.elapsed,
        uncertain=uncertain,
    )
    advice = explain(request.rpartition(" ")[2], None) or next(
        (advice for signs, advice in _NO_ANSWER if any(sign in message for sign in signs)),
        _CHECK_ADDRESS,
    )
    where = f"{without_query(redact(request))} failed: " if request else ""
    text = f"{where}{message.rstrip('.')}. {_attempts_text(failure)} {advice}"
    return RequestsApiError(re.sub(" +", " ", text), failure=failure)


def without_secrets(
    error: requests.RequestException, *, foreign: bool = False
) -> requests.RequestException:
    """Return an error of the same type that does not contain the request.

    The errors of ``requests`` contain the request with its headers and body, the response, which
    may repeat them, and a chain of errors with the full URL. Some libraries (Dask's ``tblib``)
    pickle all of this with an error.
    """
    response = error.response
    if response is not None:
        for answer in (response, *response.history):
            _strip_request(answer.request, foreign)
            _strip_answer(answer, foreign)
    text = _redacted(str(error), foreign)
    try:
        return type(error)(text, response=response)
    except TypeError:  # an error class with another constructor
        return requests.RequestException(text, response=response)


def _strip_request(request: Any, foreign: bool) -> None:
    request.body = None
    request.url = _redacted(str(request.url), foreign)
    _hide_headers(request.headers)


def _strip_answer(answer: requests.Response, foreign: bool) -> None:
    answer.url = _redacted(answer.url, foreign)
    _hide_headers(answer.headers)
    if answer.content:
        clean = _redacted(answer.text, foreign)
        answer._content, answer.encoding = clean.encode(), "utf-8"


def _hide_headers(headers: Any) -> None:
    for name in SECRET_HEADERS:
        if name in headers:
            headers[name] = HIDDEN


def _redacted(text: str, foreign: bool) -> str:
    text = shortened(text)
    return without_query(text) if foreign else text


def shortened(text: str, longest: int = LONGEST_BODY) -> str:
    """Truncate a string and redact secrets, in time independent of its length.

    The string is truncated before and after the redaction, so that no secret is cut in two.
    """
    margin = text[: longest + _MARGIN]
    if len(margin) < len(text):
        margin = margin[: max(map(margin.rfind, _SEPARATORS))]
    return redact(margin)[:longest]


def _advice(status: int) -> str:
    return _ADVICE.get(status, _SERVER_ERROR if status >= 500 else "")


def _attempts_text(failure: Failure) -> str:
    if failure.attempts == 1:
        return ""
    return f"({failure.attempts} attempts in {failure.elapsed:.1f} s)"


def _body_text(body: str) -> str:
    """Return the text of a body; of an HTML page, only the title or the first words."""
    start = body[:LONGEST_BODY]
    if "<html" not in start[:1000].lower() and "<!doctype" not in start[:1000].lower():
        return start
    _, _, titled = re.split(r"<title\b", start, maxsplit=1, flags=re.IGNORECASE)[-1].partition(">")
    title, closed, _ = titled.partition("</")
    text = title if closed and "<title" in start.lower() else _without_tags(start)
    return " ".join(text.split())[:200]


def _without_tags(page: str) -> str:
    first, *pieces = page.split("<")
    return " ".join([first, *(piece.partition(">")[2] for piece in pieces)])


def classify(error: BaseException) -> Fault:
    """Determine whether a failed request may have arrived, and whether a retry may help.

    If unsure, assume that the request arrived: the class of a TLS or proxy error proves nothing.
    """
    causes = _causes(error)
    if any(isinstance(cause, AnswerRefused) for cause in causes):
        return Fault.UNREADABLE
    texts = [str(cause) for cause in causes]
    if any(isinstance(cause, _UNUSABLE) for cause in causes):
        return Fault.HOPELESS
    if any(_BAD_HANDSHAKE.search(text) for text in texts):
        return Fault.HOPELESS
    tunnel = next(filter(None, map(_TUNNEL.search, texts)), None)
    if tunnel is not None:
        # With 4xx, the proxy refuses the credentials or the URL.
        return Fault.HOPELESS if tunnel.group(1) == "4" else Fault.NEVER_SENT
    never = (requests.ConnectTimeout, NewConnectionError, ConnectTimeoutError)
    return Fault.NEVER_SENT if any(isinstance(c, never) for c in causes) else Fault.LOST


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error and its causes, which urllib3 and requests store in different places."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.append(current)
        inside = [getattr(current, "reason", None), getattr(current, "original_error", None)]
        waiting += [e for e in (*inside, *current.args) if isinstance(e, BaseException)]
    return found
