"""NTLM authentication for proxies only."""

from __future__ import annotations

from typing import Any

from requests.auth import AuthBase
from requests.exceptions import ProxyError


class NtlmError(ProxyError):
    """NTLM authentication failed."""


class ProxyNtlm(AuthBase):
    """Auth handler for the challenge of a proxy (407), but not of the service (401).

    The library answers both, so a service, or an impostor, could request a proof of the proxy
    password.
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
