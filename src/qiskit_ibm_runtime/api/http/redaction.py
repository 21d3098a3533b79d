"""Redaction of secrets from logs, errors and other output.

Two kinds of strings are redacted: registered secret values, and strings that match the pattern of
a secret (headers, JSON fields, credentials and signatures in URLs).
"""

from __future__ import annotations

import logging
import re
import threading
from collections import OrderedDict
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

from .concurrency import reset_in_children

if TYPE_CHECKING:
    from collections.abc import Mapping

HIDDEN = "***"
SECRET_HEADERS = (
    "Authorization",
    "Proxy-Authorization",
    "X-Access-Token",
    "Service-CRN",
    "Cookie",
    "Set-Cookie",
)
# Redacting shorter values might remove ordinary words from messages.
_SHORTEST = 6
_MOST_VALUES = 1000

_SHAPES = [
    (re.compile(r"(://)[^/\s@'\"]+@"), rf"\1{HIDDEN}@"),
    (
        re.compile(
            r"(?i)([\"']?(?:proxy-authorization|authorization|x-access-token|service-crn|apitoken"
            r"|apikey|api_key|access_token|refresh_token|password|password_ntlm)[\"']?\s*[:=]\s*)"
            r"(\"[^\"]*\"|'[^']*'|(?:(?:apikey|bearer|basic|ntlm|negotiate)\s+)?[^\s,;&}\"')]+)"
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?i)\b((?:apikey|bearer)\s+)[\w.~+/=-]{6,}"), rf"\1{HIDDEN}"),
    (re.compile(r"\bcrn:[\w-]*:[^\s\"'<>,]+"), f"crn:{HIDDEN}"),
    (
        re.compile(
            r"(?i)([?&](?:x-amz-[\w-]+|sig|signature|awsaccesskeyid|token|expires|policy"
            r"|googleaccessid|key-pair-id)=)[^&\s\"')]+"
        ),
        rf"\1{HIDDEN}",
    ),
]


class _Values:
    """Bounded set of secret values; the oldest are dropped first."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, None] = OrderedDict()
        self._pattern: re.Pattern[str] | None = None
        self.reset_after_fork()
        reset_in_children(self)

    def reset_after_fork(self) -> None:
        # Reentrant, as the garbage collector may log while its thread holds the lock.
        self._lock = threading.RLock()

    def __contains__(self, value: str) -> bool:
        return value in self._values

    def add(self, value: str) -> None:
        with self._lock:
            self._values[value] = None
            while len(self._values) > _MOST_VALUES:
                self._values.popitem(last=False)
            self._pattern = None

    def hide(self, text: str) -> str:
        return self._known().sub(HIDDEN, text) if self._values else text

    def _known(self) -> re.Pattern[str]:
        """Return a pattern of all values, built when a string must be redacted."""
        with self._lock:
            if self._pattern is None:
                longest_first = sorted(self._values, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)))
            return self._pattern


_values = _Values()


def keep_secret(*values: str | None) -> None:
    """Register values as secrets, to be redacted also in percent-encoded form."""
    for value in values:
        if isinstance(value, str) and len(value) >= _SHORTEST and value not in _values:
            _values.add(value)
            _values.add(quote(value, safe=""))


def keep_proxies_secret(urls: Any) -> None:
    """Register the passwords in proxy URLs as secrets."""
    for url in urls.values() if isinstance(urls, dict) else ():
        if isinstance(url, str):
            try:
                keep_secret(urlsplit(url if "://" in url else f"//{url}").password)
            except ValueError:
                continue


def redact(text: str) -> str:
    """Redact secrets from a string."""
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return _values.hide(text)


def without_query(text: str) -> str:
    """Remove the query strings of URLs, as those of stored results contain signatures."""
    return re.sub(r"\?[^\s'\")>]*", "?" + HIDDEN, text)


def without_secret_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers without those with secrets; other values are redacted."""
    secret = {name.lower() for name in SECRET_HEADERS}
    return {name: redact(value) for name, value in headers.items() if name.lower() not in secret}


# Where the current thread sends a request of this package, if any. Log records about requests to
# other hosts omit the query.
destination: ContextVar[Literal["service", "elsewhere"] | None] = ContextVar(
    "destination", default=None
)


class RedactingFilter(logging.Filter):
    """Logging filter that redacts secrets, but drops no records."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the message and traceback of a record."""
        record.msg, record.args = _clean(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = _clean(logging.Formatter().formatException(record.exc_info))
        return True


class _OfOurRequests(RedactingFilter):
    """Redacting filter for loggers of other libraries, active only during our requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        return super().filter(record) if destination.get() else True


def _clean(text: str) -> str:
    text = redact(text)
    return without_query(text) if destination.get() == "elsewhere" else text


def logger_without_secrets(name: str) -> logging.Logger:
    """Return a logger whose records are redacted before any handler sees them."""
    logger = logging.getLogger(name)
    logger.addFilter(_FILTER)
    return logger


def watch_libraries() -> None:
    """Redact log records of urllib3 and requests about our requests, but no other records."""
    for name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry", "requests"):
        logging.getLogger(name).addFilter(_LIBRARY_FILTER)


_FILTER = RedactingFilter()
_LIBRARY_FILTER = _OfOurRequests()
