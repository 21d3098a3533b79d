"""Classify requests that failed without a response."""

from __future__ import annotations

import re

import requests
from urllib3.exceptions import ConnectTimeoutError, LocationValueError, NewConnectionError

from qiskit_ibm_runtime.proxies.ntlm import NtlmError

from .answers import AnswerRefused
from .redirects import RedirectRefused
from .retry import Fault

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
