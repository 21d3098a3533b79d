"""Secrets are taken out of every text that leaves the process by another way than its request.

Two nets: values that are known to be secret (registered by whoever holds them), and shapes that
give a secret away wherever it comes from (headers, JSON fields, credentials and signatures in
addresses).
"""

from __future__ import annotations

import logging
import re
import threading
from collections import OrderedDict
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote, urlsplit

from .forks import reset_in_children

HIDDEN = "***"
SECRET_HEADERS = (
    "Authorization",
    "Proxy-Authorization",
    "X-Access-Token",
    "Service-CRN",
    "Cookie",
    "Set-Cookie",
)
# Shorter values would take ordinary words out of messages.
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
    """The values known to be secret; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, None] = OrderedDict()
        self._pattern: re.Pattern[str] | None = None
        self.reset_after_fork()
        reset_in_children(self)

    def reset_after_fork(self) -> None:
        # The garbage collector may log, and so ask for what the thread it runs in is making.
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
        """A pattern of all values, made when a text has to be looked at: texts are fewer."""
        with self._lock:
            if self._pattern is None:
                longest_first = sorted(self._values, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)))
            return self._pattern


_values = _Values()


def keep_secret(*values: str | None) -> None:
    """Take these values out of every text from now on, also in their percent-encoded form."""
    for value in values:
        if isinstance(value, str) and len(value) >= _SHORTEST and value not in _values:
            _values.add(value)
            _values.add(quote(value, safe=""))


def keep_proxies_secret(urls: Any) -> None:
    """Do so with the passwords of proxy addresses."""
    for url in urls.values() if isinstance(urls, dict) else ():
        if isinstance(url, str):
            try:
                keep_secret(urlsplit(url if "://" in url else f"//{url}").password)
            except ValueError:
                continue


def redact(text: str) -> str:
    """Return a text without secrets."""
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return _values.hide(text)


def without_query(text: str) -> str:
    """Return a text whose addresses have lost their queries: those of stored results are signed."""
    return re.sub(r"\?[^\s'\")>]*", "?" + HIDDEN, text)


# Whether a foreign address is being asked, so that its query is kept out of urllib3's records.
foreign: ContextVar[bool] = ContextVar("foreign", default=False)
# Whether a request of ours is under way in this thread.
ours: ContextVar[bool] = ContextVar("ours", default=False)


class RedactingFilter(logging.Filter):
    """Takes secrets out of log records; lets every record pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record's text, and that of its traceback."""
        record.msg, record.args = _clean(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = _clean(logging.Formatter().formatException(record.exc_info))
        return True


class _OfOurRequests(RedactingFilter):
    """The same for another library's logger, while it works for us."""

    def filter(self, record: logging.LogRecord) -> bool:
        return super().filter(record) if ours.get() else True


def _clean(text: str) -> str:
    text = redact(text)
    return without_query(text) if foreign.get() else text


def logger_without_secrets(name: str) -> logging.Logger:
    """Return a logger whose records are rewritten before any handler sees them."""
    logger = logging.getLogger(name)
    logger.addFilter(_FILTER)
    return logger


def watch_libraries() -> None:
    """Rewrite what urllib3 and requests log about our requests; others' records are untouched."""
    for name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry", "requests"):
        logging.getLogger(name).addFilter(_LIBRARY_FILTER)


_FILTER = RedactingFilter()
_LIBRARY_FILTER = _OfOurRequests()
