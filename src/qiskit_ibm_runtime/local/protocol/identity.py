"""Who calls: users, the tokens they get for a while, and the headers that prove it."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import BAD_CREDENTIALS, NOT_AUTHORIZED, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qiskit_ibm_runtime.local.settings import User

QUANTUM, CLOUD = "ibm_quantum", "ibm_cloud"


@dataclass(frozen=True)
class Caller:
    """The user of one request, and the CRN if it came by the cloud face."""

    user: str
    channel: str = QUANTUM
    crn: str | None = None


@dataclass(frozen=True)
class AccessToken:
    """A signed token (JWT) and the seconds since 1970 between which it is valid."""

    text: str
    issued: int
    expires: int


class Doorkeeper:
    """Knows the users and admits requests.

    Access tokens are signed rather than stored, so that they stay valid over a restart; they end
    with their time, with the user, or with a change of the user's token. They have the form of a
    JWT, because clients of IAM (IBM's own SDK) read in it when to ask for the next one.
    """

    def __init__(
        self,
        users: Sequence[User],
        crns: Sequence[str],
        secret: bytes,
        seconds: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._users, self._crns = tuple(users), tuple(crns)
        self._secret, self._seconds, self._clock = secret, seconds, clock
        self._generation = 0

    def user_of(self, token: str) -> User | None:
        """The user with this token; every comparison takes the same time."""
        found = None
        for user in self._users:
            if _equal(token, user.token):
                found = user
        return found

    def issue(self, user: User) -> AccessToken:
        """Make an access token."""
        issued = int(self._clock())
        expires = issued + self._seconds
        claims = {
            "iss": "qiskit-ibm-runtime/local",
            "sub": user.name,
            "iat": issued,
            "exp": expires,
            "jti": secrets.token_hex(8),
            "generation": self._generation,
        }
        body = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(claims)}"
        return AccessToken(f"{body}.{self._signature(body, user)}", issued, expires)

    def user_of_access(self, text: str) -> User | None:
        """The user for whom this access token was made, while it is valid."""
        body, _, signature = text.rpartition(".")
        signer = None
        for user in self._users:
            if _equal(signature, self._signature(body, user)):
                signer = user
        if signer is None:
            return None
        # The signature is ours, so the claims are as we wrote them.
        claims = json.loads(urlsafe_b64decode(body.split(".")[1] + "=="))
        fresh = claims["exp"] > self._clock() and claims["generation"] == self._generation
        return signer if fresh else None

    def expire_tokens(self) -> None:
        """Make the access tokens in use invalid; the next log-in gives a new one."""
        self._generation += 1

    def admit(self, headers: Mapping[str, str]) -> Caller:
        """Return the caller of a request.

        Raises:
            Refused: 401 without valid credentials, 403 for a service of somebody else.
        """
        access = headers.get("x-access-token")
        if access is not None:
            user = self.user_of_access(access)
            if user is None:
                raise _unauthorized("The access token is not valid, or no longer.")
            return Caller(user.name)
        kind, _, credential = headers.get("authorization", "").partition(" ")
        user = None
        if kind.lower() == "apikey":
            user = self.user_of(credential)
        elif kind.lower() == "bearer":
            user = self.user_of_access(credential)
        if user is None:
            raise _unauthorized("Invalid credentials.")
        crn = headers.get("service-crn")
        if not crn:
            raise _unauthorized("The header Service-CRN is missing.")
        if crn not in self._crns:
            raise Refused(403, NOT_AUTHORIZED, "This service instance is not one of yours.")
        return Caller(user.name, CLOUD, crn)

    def _signature(self, body: str, user: User) -> str:
        key = hmac.new(self._secret, user.token.encode(), hashlib.sha256).digest()
        digest = hmac.new(key, body.encode("utf-8", "replace"), hashlib.sha256).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _unauthorized(message: str) -> Refused:
    return Refused(401, BAD_CREDENTIALS, message, "Check the token, or log in again.")


def _equal(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))


def _encode(value: dict[str, object]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
