"""Credentials of requests: auth handlers that set them, and redirects that must not carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urljoin, urlsplit

from requests.auth import AuthBase

from .http.errors import NtlmError, RedirectRefused
from .http.redaction import SECRET_HEADERS, keep_secret

if TYPE_CHECKING:
    from requests import PreparedRequest

_DEFAULT_PORTS = {"http": 80, "https": 443}
# These keep method and body; the older codes turn a POST into a GET, a different request.
_KEEP_METHOD = frozenset({307, 308})
_NOT_FOR_OTHER_ORIGINS = frozenset({*SECRET_HEADERS, "X-Qx-Client-Application", "Idempotency-Key"})


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


class _Credentials(AuthBase):
    """Auth handler that sets the headers that :meth:`get_headers` returns.

    Secrets are registered for each request: the handler may be unpickled, its attributes may be
    set later, and old registrations are dropped.
    """

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Set the credential headers of a request."""
        r.headers.update(self.get_headers())
        return r

    def get_headers(self) -> dict[str, str]:
        """Return the credential headers."""
        raise NotImplementedError


class CloudAuth(_Credentials):
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

    def get_headers(self) -> dict[str, str]:
        """Return the credential headers."""
        keep_secret(self.api_key, self.crn)
        return {"Service-CRN": self.crn, "Authorization": f"apikey {self.api_key}"}


class QuantumAuth(_Credentials):
    """Send an access token, renewed through its source."""

    def __init__(self, access_token: str, token_source: TokenSource | None = None) -> None:
        self.access_token = access_token
        self.token_source = token_source

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QuantumAuth) and self.access_token == other.access_token

    __hash__ = None  # type: ignore[assignment]

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


class BearerAuth(_Credentials):
    """Send a short-lived bearer token, renewed through its source, and the service instance."""

    def __init__(self, token_source: TokenSource, crn: str) -> None:
        self.token_source = token_source
        self.crn = crn

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


class ProxyNtlm(AuthBase):
    """Auth handler for the NTLM challenge of a proxy (407), but not of the service (401).

    The library answers both, so a service, or an impostor, could request a proof of the proxy
    password. It answers only challenges to HTTP requests; the challenge to the CONNECT request of
    a proxy tunnel, as used for https, comes earlier.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self, r: Any) -> Any:
        """Prepare a request for the challenge."""
        r.headers["Connection"] = "Keep-Alive"
        r.register_hook("response", self._answer)
        return r

    def _answer(self, response: Any, **kwargs: Any) -> Any:
        if response.status_code != 407:
            return response
        try:
            return self.inner.response_hook(response, **kwargs)
        # The library raises errors of its cryptography, or KeyError for a malformed response.
        except Exception as exc:  # noqa: BLE001
            response.close()
            raise NtlmError(
                f"NTLM authentication at the proxy failed: {type(exc).__name__}: {exc}"
            ) from None


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    try:
        port = parts.port or _DEFAULT_PORTS.get(scheme)
    except ValueError:  # not a number; requests refuses the address later
        port = None
    return scheme, (parts.hostname or "").lower(), port


def check_redirect(response: Any, location: str) -> None:
    """Refuse to redirect a request with side effects to another address.

    The bodies of such requests hold API tokens, programs and circuits.

    Raises:
        RedirectRefused: If the request has side effects, and the redirect changes its origin or
            its method.
    """
    request = response.request
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    target = urljoin(response.url, location)
    if origin(target) == origin(response.url) and response.status_code in _KEEP_METHOD:
        return
    scheme, host, port = origin(target)
    response.close()  # otherwise, its connection would leak
    raise RedirectRefused(
        f"The service redirected {request.method} {response.url} to {scheme}://{host}:{port}. For "
        "security, the redirect was not followed. If that is the URL of the service, pass it as "
        "`url`.",
        request=request,
        response=None,
    )


def drop_secrets(request: Any, old_url: str) -> None:
    """Remove all secrets from a request that is redirected to another origin."""
    if origin(old_url) != origin(request.url):
        for name in _NOT_FOR_OTHER_ORIGINS:
            request.headers.pop(name, None)
