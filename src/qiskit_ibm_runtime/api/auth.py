"""Who asks: the headers that prove it, set at each request."""

from __future__ import annotations

from typing import Any, Protocol

from requests.auth import AuthBase


class TokenSource(Protocol):
    """Where a fresh access token comes from."""

    def current(self) -> str:
        """Return the token in use."""

    def renew(self, stale: str) -> str:
        """Return a token other than ``stale``; one log-in for all threads that ask."""


class CloudAuth(AuthBase):
    """API key and service instance."""

    def __init__(self, api_key: str, crn: str) -> None:
        self.api_key = api_key
        self.crn = crn

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CloudAuth) and (self.api_key, self.crn) == (
            other.api_key,
            other.crn,
        )

    __hash__ = None  # type: ignore[assignment]

    def __call__(self, r: Any) -> Any:
        """Put the headers on a request that is about to be sent."""
        r.headers.update(self.get_headers())
        return r

    def get_headers(self) -> dict[str, str]:
        """Return the headers of a request."""
        return {"Service-CRN": self.crn, "Authorization": f"apikey {self.api_key}"}


class QuantumAuth(AuthBase):
    """An access token, renewed through its source."""

    def __init__(self, access_token: str, token_source: TokenSource | None = None) -> None:
        self.access_token = access_token
        self.token_source = token_source

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QuantumAuth) and self.access_token == other.access_token

    __hash__ = None  # type: ignore[assignment]

    def __call__(self, r: Any) -> Any:
        """Put the headers on a request that is about to be sent."""
        r.headers.update(self.get_headers())
        return r

    def get_headers(self) -> dict[str, str]:
        """Return the headers of a request."""
        token = self.token_source.current() if self.token_source else self.access_token
        return {"X-Access-Token": token}
