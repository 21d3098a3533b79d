"""What a request that got no answer came to."""

from __future__ import annotations

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    LocationValueError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from qiskit_ibm_runtime.proxies.ntlm import NtlmError

from .redirects import RedirectRefused
from .retry import Fault

_HOPELESS = (
    NtlmError,
    RedirectRefused,
    requests.exceptions.SSLError,
    requests.TooManyRedirects,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.InvalidJSONError,
)


def classify(error: BaseException) -> Fault:
    """Tell whether a request without an answer may have arrived, and whether repeating helps."""
    if isinstance(error, _HOPELESS):
        return Fault.HOPELESS
    causes = list(_causes(error))
    if any(isinstance(cause, (SSLError, LocationValueError, UnicodeError)) for cause in causes):
        return Fault.HOPELESS
    if any("Tunnel connection failed: 4" in str(cause) for cause in causes):
        # The proxy refuses: it wants other credentials, or allows no such address.
        return Fault.HOPELESS
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError)):
        return Fault.NEVER_SENT
    never = (NewConnectionError, ConnectTimeoutError, ProxyError)
    if any(isinstance(cause, never) for cause in causes):
        return Fault.NEVER_SENT
    # A file that cannot be read, such as a bundle of certificates, is an OSError of its own.
    if any(isinstance(cause, FileNotFoundError) or _bad_bundle(cause) for cause in causes):
        return Fault.HOPELESS
    return Fault.LOST


def _bad_bundle(cause: BaseException) -> bool:
    return type(cause) is OSError and "certificate" in str(cause)


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what it wraps; urllib3 keeps that in ``reason``, requests in its arguments."""
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
