"""Classify failed requests, and translate them to errors."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import ConnectTimeoutError, LocationValueError, NewConnectionError

from qiskit_ibm_runtime.api.exceptions import AuthenticationLicenseError, RequestsApiError
from qiskit_ibm_runtime.exceptions import Failure, IBMNotAuthorizedError
from qiskit_ibm_runtime.proxies.ntlm import NtlmError
from qiskit_ibm_runtime.utils.retired import explain

from .answers import AnswerRefused
from .redaction import HIDDEN, SECRET_HEADERS, redact, without_query
from .redirects import RedirectRefused
from .retry import Fault

if TYPE_CHECKING:
    from .retry import Attempt


LONGEST_BODY = 4000
_LONGEST_TRACE = 200
_MARGIN = 4000
_SEPARATORS = " \t\r\n,;&\"'<>(){}[]"
_TRACE_HEADERS = ("uber-trace-id", "X-Transaction-Id", "x-global-transaction-id")
_ADVICE = {
    401: "Check the token and the instance of the account; save it anew if the token was replaced.",
    403: "The account lacks the right to do this; check the instance.",
    407: "The proxy wants credentials: put them into the proxy's address, or give NTLM ones.",
    413: "The content is too large for the service; send less in one job.",
    429: "The service has too many requests or jobs of this account; wait, or run fewer at once.",
}
_SERVICE_TROUBLE = "The service has trouble; try again later."
_NOT_THE_SERVICE = "Check the address: a service of this protocol sends no such answer."
_NO_ANSWER = (
    (("The answer is longer", "The response expands", "The answer is encoded"), _NOT_THE_SERVICE),
    (
        ("has expired", "not yet valid", "ostname mismatch", "doesn't match"),
        "The certificate is not valid here and now: check the address and this machine's clock.",
    ),
    (
        ("CERTIFICATE_VERIFY_FAILED", "certificate verify failed", "TLS CA certificate"),
        "If the network uses an authority of its own, give its certificate file as `verify`.",
    ),
    (("Tunnel connection failed: 407",), _ADVICE[407]),
    (("proxy", "Proxy"), "Check the proxy settings of the account and of the environment."),
)
_CHECK_ADDRESS = "Check the network connection and the address of the service."
# Found out before anything is sent, or answered by sending the request elsewhere.
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
# Faults of TLS at the handshake; any other may come in mid-request.
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
    """Parse both shapes of error bodies; of any other body, use its text or the page title."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return ServiceError(_plain(body))
    if not isinstance(data, dict):
        return ServiceError(_plain(body))
    trace = data.get("trace")
    trace = str(trace) if trace else None
    errors = data.get("errors")
    found = [data.get("error"), *(errors if isinstance(errors, list) else [])]
    details = [error for error in found if isinstance(error, dict)]
    if not details:
        return ServiceError(_plain(body), trace_id=trace)
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
    asked: str = "",
    uncertain: bool = False,
    foreign: bool = False,
) -> Exception:
    """Return the error to raise for a failed request.

    Args:
        error: What ``requests`` raised, with the last answer, if one came.
        attempt: The last attempt.
        asked: Method and address of the request.
        uncertain: Whether one of the attempts may have been carried out all the same.
        foreign: Whether another host was asked; the query of its address is left out then.
    """
    response = error.response
    if response is None:
        return _unanswered(error, attempt, asked, uncertain=uncertain, foreign=foreign)
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
        f"{_cleaned(str(error), foreign)}.",
        shortened(said),
        shortened(body.strip()),
        shortened(details.solution),
        f"(trace {trace})" if trace else "",
        _effort(failure),
        explain(response.url or "", response.status_code) or _advice(response.status_code),
    ]
    text = " ".join(filter(None, parts))
    if response.status_code != 401:
        return RequestsApiError(text, response.status_code, failure=failure)
    if details.name == "ACCEPT_LICENSE_REQUIRED":
        return AuthenticationLicenseError(text, 401, failure=failure)
    return IBMNotAuthorizedError(text, failure=failure)


def _unanswered(
    error: BaseException, attempt: Attempt, asked: str, *, uncertain: bool, foreign: bool
) -> RequestsApiError:
    message = _cleaned(str(error), foreign)
    failure = Failure(
        message=message,
        attempts=attempt.number,
        elapsed=attempt.elapsed,
        uncertain=uncertain,
    )
    advice = explain(asked.rpartition(" ")[2], None) or next(
        (advice for signs, advice in _NO_ANSWER if any(sign in message for sign in signs)),
        _CHECK_ADDRESS,
    )
    where = f"{without_query(redact(asked))} failed: " if asked else ""
    text = f"{where}{message.rstrip('.')}. {_effort(failure)} {advice}"
    return RequestsApiError(re.sub(" +", " ", text), failure=failure)


def without_secrets(
    error: requests.RequestException, *, foreign: bool = False
) -> requests.RequestException:
    """Return an error of the same type that does not contain what was sent.

    What ``requests`` raises holds the request with its headers and body, the answer, which may
    repeat them, and a chain of errors that name the full address. Some libraries (Dask's ``tblib``)
    make all of that part of a pickled error.
    """
    response = error.response
    if response is not None:
        for answer in (response, *response.history):
            _strip_request(answer.request, foreign)
            _strip_answer(answer, foreign)
    text = _cleaned(str(error), foreign)
    try:
        return type(error)(text, response=response)
    except TypeError:  # an error class with a constructor of its own
        return requests.RequestException(text, response=response)


def _strip_request(request: Any, foreign: bool) -> None:
    request.body = None
    request.url = _cleaned(str(request.url), foreign)
    _hide_headers(request.headers)


def _strip_answer(answer: requests.Response, foreign: bool) -> None:
    answer.url = _cleaned(answer.url, foreign)
    _hide_headers(answer.headers)
    if answer.content:
        clean = _cleaned(answer.text, foreign)
        answer._content, answer.encoding = clean.encode(), "utf-8"


def _hide_headers(headers: Any) -> None:
    for name in SECRET_HEADERS:
        if name in headers:
            headers[name] = HIDDEN


def _cleaned(text: str, foreign: bool) -> str:
    text = shortened(text)
    return without_query(text) if foreign else text


def shortened(text: str, longest: int = LONGEST_BODY) -> str:
    """Truncate a string and remove secrets, in time independent of its length.

    The text is cut before it is searched, and again after, so that no secret is cut in two.
    """
    margin = text[: longest + _MARGIN]
    if len(margin) < len(text):
        margin = margin[: max(map(margin.rfind, _SEPARATORS))]
    return redact(margin)[:longest]


def _advice(status: int) -> str:
    return _ADVICE.get(status, _SERVICE_TROUBLE if status >= 500 else "")


def _effort(failure: Failure) -> str:
    if failure.attempts == 1:
        return ""
    return f"({failure.attempts} attempts in {failure.elapsed:.1f} s)"


def _plain(body: str) -> str:
    """The text of a body; of an HTML page only its title or first words."""
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
    """Determine whether a failed request may have arrived, and whether a retry helps.

    In doubt it may have: an error of TLS or of a proxy proves nothing by its class alone.
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
        # With 4xx the proxy wants other credentials, or allows no such address.
        return Fault.HOPELESS if tunnel.group(1) == "4" else Fault.NEVER_SENT
    never = (requests.ConnectTimeout, NewConnectionError, ConnectTimeoutError)
    return Fault.NEVER_SENT if any(isinstance(c, never) for c in causes) else Fault.LOST


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error and its causes, from ``reason`` (urllib3) and arguments (requests)."""
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
