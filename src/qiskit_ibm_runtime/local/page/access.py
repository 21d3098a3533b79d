"""Who may look at the page: one-time codes, and the visits they are exchanged for."""

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
    """One browser that was let in.

    Attributes:
        user: Whose jobs it shows.
        csrf: What each of its forms must send back.
        until: When it ends, in seconds since 1970.
    """

    user: str
    csrf: str
    until: float


class Access:
    """Exchanges codes for visits.

    An address with a code may stay in the history of a browser or of a terminal, so a code works
    once; and the cookie that it is exchanged for opens the page only, never the API. Codes and
    cookies are kept as hashes: a look at the memory of a table finds nothing to use.

    Args:
        clock: Seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._codes: dict[bytes, str] = {}
        self._visits: dict[bytes, Visit] = {}

    def code_for(self, user: str) -> str:
        """Make a code that lets a browser in once, as this user."""
        code = secrets.token_urlsafe(32)
        while len(self._codes) >= _MOST_CODES:
            del self._codes[next(iter(self._codes))]
        self._codes[_hash(code)] = user
        return code

    def redeem(self, code: str) -> str | None:
        """Exchange a code for the value of a cookie; ``None`` if it is unknown or was used."""
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
        """The visit that a cookie stands for, while it lasts."""
        visit = self._visits.get(_hash(cookie))
        if visit is not None and visit.until < self._clock():
            self.leave(cookie)
            return None
        return visit

    def leave(self, cookie: str) -> None:
        """End a visit."""
        self._visits.pop(_hash(cookie), None)


def is_own_form(visit: Visit, csrf: str, origin: str | None, host: str) -> bool:
    """Whether a form was sent by a page of this visit, and not by another site.

    Args:
        visit: The visit of the cookie.
        csrf: What the form sent.
        origin: The Origin header, which browsers send with each form and scripts cannot change.
        host: The Host header.
    """
    own = origin in (f"http://{host}", f"https://{host}")
    return own and hmac.compare_digest(csrf.encode(), visit.csrf.encode())


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).digest()
