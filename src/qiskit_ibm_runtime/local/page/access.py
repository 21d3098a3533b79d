"""Access control for the page: one-time codes, exchanged for page sessions."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_CODES, _MOST_VISITS = 64, 256
_SECONDS_OF_A_VISIT = 12 * 3600.0


@dataclass(frozen=True)
class Visit:
    """One signed-in browser.

    Attributes:
        user: Owner of the jobs that it shows.
        csrf: Token that each of its forms must send back.
        until: Expiry, in seconds since 1970.
    """

    user: str
    csrf: str
    until: float


class Access:
    """Exchange one-time codes for page sessions.

    A URL with a code may remain in the history of a browser or terminal, so each code works once.
    The cookie grants access to the page only, never to the API. Codes and cookies are stored as
    hashes.

    Args:
        clock: Seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._codes: dict[bytes, str] = {}
        self._visits: dict[bytes, Visit] = {}

    def code_for(self, user: str) -> str:
        """Create a one-time code for this user."""
        code = secrets.token_urlsafe(32)
        while len(self._codes) >= _MOST_CODES:
            del self._codes[next(iter(self._codes))]
        self._codes[_hash(code)] = user
        return code

    def redeem(self, code: str) -> str | None:
        """Exchange a code for a cookie value; ``None`` if the code is unknown or used."""
        user = self._codes.pop(_hash(code), None)
        if user is None:
            return None
        while len(self._visits) >= _MOST_VISITS:
            del self._visits[next(iter(self._visits))]
        cookie = secrets.token_urlsafe(32)
        until = self._clock() + _SECONDS_OF_A_VISIT
        self._visits[_hash(cookie)] = Visit(user, secrets.token_urlsafe(32), until)
        return cookie

    def visit(self, cookie: str) -> Visit | None:
        """Return the session of a cookie, or ``None`` if it is unknown or expired."""
        visit = self._visits.get(_hash(cookie))
        if visit is not None and visit.until < self._clock():
            self.leave(cookie)
            return None
        return visit

    def leave(self, cookie: str) -> None:
        self._visits.pop(_hash(cookie), None)


def is_own_form(visit: Visit, csrf: str, origin: str | None, host: str) -> bool:
    """Check that a form was sent by our own page and not by another site (CSRF).

    Args:
        visit: Session of the cookie.
        csrf: Token that the form sent.
        origin: The Origin header; browsers send it with each form, and scripts cannot change it.
        host: The Host header.
    """
    own = origin in (f"http://{host}", f"https://{host}")
    return own and hmac.compare_digest(csrf.encode(), visit.csrf.encode())


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).digest()
