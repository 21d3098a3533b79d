"""Auth handlers that set credential headers on each request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from requests.auth import AuthBase

from .http.redaction import keep_secret

if TYPE_CHECKING:
    from requests import PreparedRequest


class TokenSource(Protocol):
    """Thread-safe source of fresh tokens, such as a login or an IAM token endpoint."""

    def current(self) -> str:
        """Return the current token."""

    def renew(self, stale: str) -> str:
        """Return a token other than ``stale``; concurrent callers share one login."""


class NoAuth(AuthBase):
    """Send no credentials, not even those of a ``.netrc`` file."""

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Return the request unchanged."""
        return r


class ProxyAuthOnly(NoAuth):
    """Send no credentials except to the proxy, and no cookies."""

    def __init__(self, proxy_part: AuthBase | None = None) -> None:
        self.proxy_part = proxy_part

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Remove headers that the session would add."""
        r.headers.pop("Cookie", None)
        return self.proxy_part(r) if self.proxy_part else r


class CloudAuth(AuthBase):
    """Send the API key and the service instance."""

    def __init__(self, api_key: str, crn: str) -> None:
        self.api_key = api_key
        self.crn = crn

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CloudAuth) and (self.api_key, self.crn) == (
            other.api_key,
            other.crn,
        )

    __hash__ = None  # type: ignore[assignment]

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Set the credential headers of a request."""
        r.headers.update(self.get_headers())
        return r

    def get_headers(self) -> dict[str, str]:
        """Return the credential headers."""
        keep_secret(self.api_key, self.crn)
        return {"Service-CRN": self.crn, "Authorization": f"apikey {self.api_key}"}


class QuantumAuth(AuthBase):
    """Send an access token, renewed through its source."""

    def __init__(self, access_token: str, token_source: TokenSource | None = None) -> None:
        self.access_token = access_token
        self.token_source = token_source

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QuantumAuth) and self.access_token == other.access_token

    __hash__ = None  # type: ignore[assignment]

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Set the credential headers of a request."""
        r.headers.update(self.get_headers())
        return r

    def get_headers(self) -> dict[str, str]:
        """Return the credential headers."""
        token = self.token_source.current() if self.token_source else self.access_token
        keep_secret(token)
        return {"X-Access-Token": token}

    def renew(self, request: PreparedRequest) -> bool:
        """Replace the token of a refused request; return whether that was possible."""
        if self.token_source is None:
            return False
        self.token_source.renew(request.headers.get("X-Access-Token", ""))
        return True


class BearerAuth(AuthBase):
    """Send a short-lived bearer token, renewed through its source, and the service instance."""

    def __init__(self, token_source: TokenSource, crn: str) -> None:
        self.token_source = token_source
        self.crn = crn

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Set the credential headers of a request."""
        r.headers.update(self.get_headers())
        return r

    def get_headers(self) -> dict[str, str]:
        """Return the credential headers."""
        token = self.token_source.current()
        keep_secret(token, self.crn)
        return {"Service-CRN": self.crn, "Authorization": f"Bearer {token}"}

    def renew(self, request: PreparedRequest) -> bool:
        """Replace the token of a refused request; always possible."""
        stale = str(request.headers.get("Authorization", ""))
        self.token_source.renew(stale[len("Bearer ") :] if stale.startswith("Bearer ") else stale)
        return True


class WithProxy(AuthBase):
    """Send the credentials of the service together with those of the proxy."""

    def __init__(self, service_part: AuthBase | None, proxy_part: AuthBase) -> None:
        self.service_part = service_part
        self.proxy_part = proxy_part

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Set the credentials of the service and of the proxy."""
        return self.proxy_part(self.service_part(r) if self.service_part else r)

    def renew(self, request: PreparedRequest) -> bool:
        """Replace credentials that the service refused; return whether that was possible."""
        renew = getattr(self.service_part, "renew", None)
        return renew is not None and bool(renew(request))
