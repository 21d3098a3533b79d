"""Authentication: users, access tokens, and credential headers."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .responses import BAD_CREDENTIALS, NOT_AUTHORIZED, RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qiskit_ibm_runtime.local.settings import User


@dataclass(frozen=True)
class Caller:
    """User of a request, and the CRN of the service instance, which only the cloud channel has."""

    user: str
    crn: str | None = None

    def owns(self, user: str, instance: str) -> bool:
        """Whether a record is the caller's and, on the cloud channel, of the caller's instance."""
        return user == self.user and self.crn in (None, instance)


@dataclass(frozen=True)
class AccessToken:
    """Signed token (JWT) and its period of validity, in seconds since 1970."""

    text: str
    issued: int
    expires: int


class Authenticator:
    """Issue access tokens and authenticate requests.

    Access tokens are signed rather than stored, so they stay valid across restarts. A token becomes
    invalid when it expires, when its user is removed, or when the user's API token changes. Tokens
    are JWTs because IAM clients, such as IBM's SDK, read the expiry from them.

    Args:
        users: Users and their API tokens.
        crns: CRNs of the service instances.
        secret: Signing key.
        seconds: Lifetime of an access token.
        clock: Seconds since 1970.
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

    def find_user(self, token: str) -> User | None:
        """Return the user with this API token, or ``None``; takes constant time."""
        found = None
        for user in self._users:
            if _equal(token, user.token):
                found = user
        return found

    def issue(self, user: User) -> AccessToken:
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

    def find_user_by_access_token(self, text: str) -> User | None:
        """Return the user of an access token, or ``None`` if the token is not valid."""
        body, _, signature = text.rpartition(".")
        signer = None
        for user in self._users:
            if _equal(signature, self._signature(body, user)):
                signer = user
        if signer is None:
            return None
        # The signature is valid, so the claims are well-formed.
        claims = json.loads(urlsafe_b64decode(body.split(".")[1] + "=="))
        fresh = claims["exp"] > self._clock() and claims["generation"] == self._generation
        return signer if fresh else None

    def expire_tokens(self) -> None:
        """Invalidate all access tokens; clients must log in again."""
        self._generation += 1

    def authenticate(self, headers: Mapping[str, str]) -> Caller:
        """Return the caller of a request.

        Raises:
            RequestError: 401 without valid credentials, 403 for an unknown service instance.
        """
        access = headers.get("x-access-token")
        if access is not None:
            user = self.find_user_by_access_token(access)
            if user is None:
                raise _unauthorized("The access token is invalid or expired.")
            return Caller(user.name)
        kind, _, credential = headers.get("authorization", "").partition(" ")
        user = None
        if kind.lower() == "apikey":
            user = self.find_user(credential)
        elif kind.lower() == "bearer":
            user = self.find_user_by_access_token(credential)
        if user is None:
            raise _unauthorized("Invalid credentials.")
        crn = headers.get("service-crn")
        if not crn:
            raise _unauthorized("The header Service-CRN is missing.")
        if crn not in self._crns:
            raise RequestError(403, NOT_AUTHORIZED, "You have no access to this service instance.")
        return Caller(user.name, crn)

    def _signature(self, body: str, user: User) -> str:
        key = hmac.new(self._secret, user.token.encode(), hashlib.sha256).digest()
        digest = hmac.new(key, body.encode("utf-8", "replace"), hashlib.sha256).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _unauthorized(message: str) -> RequestError:
    return RequestError(401, BAD_CREDENTIALS, message, "Check the token, or log in again.")


def _equal(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))


def _encode(value: dict[str, object]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
