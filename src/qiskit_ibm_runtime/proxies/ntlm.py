"""NTLM credentials for a proxy, and for nobody else."""

from __future__ import annotations

from typing import Any

from requests.auth import AuthBase
from requests.exceptions import ProxyError


class NtlmError(ProxyError):
    """Proxy and NTLM library could not agree."""


class ProxyNtlm(AuthBase):
    """Answers the proxy's challenge (407), never one of the service (401).

    The library would answer both: a service, or whoever poses as it, could then ask for proof of
    the proxy password.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self, r: Any) -> Any:
        """Make a request ready for the challenge."""
        r.headers["Connection"] = "Keep-Alive"
        r.register_hook("response", self._answer)
        return r

    def _answer(self, response: Any, **kwargs: Any) -> Any:
        if response.status_code != 407:
            return response
        try:
            return self.inner.response_hook(response, **kwargs)
        # The library lets through what comes: of its cryptography, or KeyError for a bad answer.
        except Exception as exc:  # noqa: BLE001
            response.close()
            raise NtlmError(
                f"NTLM authentication at the proxy failed: {type(exc).__name__}: {exc}"
            ) from None
