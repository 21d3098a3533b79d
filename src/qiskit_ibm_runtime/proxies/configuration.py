"""Proxy settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlparse

from qiskit_ibm_runtime.api.http.redaction import keep_proxies_secret, keep_secret, redact
from qiskit_ibm_runtime.exceptions import IBMInputValueError


@dataclass
class ProxyConfiguration:
    """Proxy URLs and NTLM credentials.

    .. code-block:: python

        from qiskit_ibm_runtime.proxies import ProxyConfiguration

        ProxyConfiguration(urls={"https": "http://user:password@proxy.example:8080"})

    Attributes:
        urls: Proxy URLs by scheme or host, as for ``requests``.
        username_ntlm: User for NTLM authentication, which works for http only.
        password_ntlm: Password for it.
    """

    urls: dict[str, str] | None = None
    username_ntlm: str | None = None
    password_ntlm: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        keep_proxies_secret(self.urls)
        keep_secret(self.password_ntlm)

    def __repr__(self) -> str:
        """Return the fields without passwords."""
        return redact(
            f"ProxyConfiguration(urls={self.urls!r}, username_ntlm={self.username_ntlm!r})"
        )

    @classmethod
    def from_dict(cls, fields: Any) -> ProxyConfiguration:
        """Create a configuration from a dict.

        Raises:
            TypeError: If ``fields`` is not a dict, or has an unknown field. The message does not
                contain values, as these may be passwords.
        """
        known = ("urls", "username_ntlm", "password_ntlm")
        if not isinstance(fields, dict):
            raise TypeError(
                f"'proxies' must be a dict with any of {', '.join(known)}, "
                f"not {type(fields).__name__}."
            )
        unknown = [name for name in fields if name not in known]
        if unknown:
            raise TypeError(
                f"'proxies' has no field {unknown[0]!r}. There are: {', '.join(known)}."
            )
        return cls(**fields)

    def validate(self) -> None:
        """Validate the fields.

        Raises:
            ValueError: If only one NTLM field is a string, or ``urls`` is not a dict of strings.
        """
        ntlm = (self.username_ntlm, self.password_ntlm)
        if not (all(isinstance(x, str) for x in ntlm) or all(x is None for x in ntlm)):
            raise ValueError(
                "Invalid proxy configuration for NTLM authentication: give user and password."
            )
        if self.urls is not None and not isinstance(self.urls, dict):
            raise ValueError(
                "Invalid proxy configuration: 'urls' must be a dict, "
                f"not {type(self.urls).__name__}."
            )
        addresses: dict[Any, Any] = self.urls or {}
        # As for requests, `None` disables the proxy for a scheme.
        invalid = [
            key for key, url in addresses.items() if not (url is None or isinstance(url, str))
        ]
        if invalid:
            raise ValueError(
                "Invalid proxy configuration: each value in 'urls' must be a string, but that of "
                f"{invalid[0]!r} is not."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that are set."""
        fields = {
            "urls": self.urls,
            "username_ntlm": self.username_ntlm,
            "password_ntlm": self.password_ntlm,
        }
        return {key: value for key, value in fields.items() if value is not None}

    def to_request_params(self) -> dict[str, Any]:
        """Return the proxy settings as arguments of ``requests``.

        Raises:
            IBMInputValueError: If NTLM credentials are set and the NTLM library is missing.
        """
        params: dict[str, Any] = {}
        if self.urls:
            params["proxies"] = self.urls
        if self.username_ntlm and self.password_ntlm:
            params["auth"] = _ntlm(self.username_ntlm, self.password_ntlm)
        return params

    def to_ws_params(self, ws_url: str) -> dict[str, Any]:
        """Return the proxy settings as arguments of the websocket client."""
        target = urlparse(ws_url)
        socket, web = ("ws", "http") if target.scheme in ("ws", "http") else ("wss", "https")
        host = target.hostname
        keys = (ws_url, socket, f"{web}://{host}", web, f"all://{host}", "all")
        urls = self.urls or {}
        url = next((urls[key] for key in keys if key in urls), None)
        params: dict[str, Any] = {}
        if url:
            parts = urlparse(url if "://" in url else f"http://{url.lstrip('/')}")
            params = {
                "http_proxy_host": parts.hostname,
                "http_proxy_port": parts.port,
                "proxy_type": "http" if parts.scheme.startswith("http") else parts.scheme,
            }
            if parts.username and parts.password:
                params["http_proxy_auth"] = (unquote(parts.username), unquote(parts.password))
        if self.username_ntlm and self.password_ntlm:
            params["http_proxy_auth"] = (self.username_ntlm, self.password_ntlm)
        return params


def _ntlm(user: str, password: str) -> Any:
    try:
        from requests_ntlm import HttpNtlmAuth
    except ImportError:
        raise IBMInputValueError(
            "NTLM authentication at a proxy requires a library that is not installed. "
            "Install it: pip install requests-ntlm"
        ) from None
    return HttpNtlmAuth(user, password)
