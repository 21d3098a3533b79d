"""NTLM authentication at a proxy, and nowhere else."""

from __future__ import annotations

from typing import Any

from requests.auth import AuthBase
from requests.exceptions import ProxyError


class NtlmError(ProxyError):
    """NTLM authentication failed."""


class ProxyNtlm(AuthBase):
    """Answer the challenge of a proxy (407), never that of the service (401).

    The library would answer both: a service, or anyone who poses as it, could then ask for proof of
    the proxy password.
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
        # The library lets through what comes: of its cryptography, or KeyError for a bad answer.
        except Exception as exc:  # noqa: BLE001
            response.close()
            raise NtlmError(
                f"NTLM authentication at the proxy failed: {type(exc).__name__}: {exc}"
            ) from None
