"""NTLM authentication for proxy tunnels, as used for https.

The NTLM library for ``requests`` answers only challenges to HTTP requests; a proxy's challenge to
the CONNECT request comes earlier.
"""

from __future__ import annotations

import base64
from contextvars import ContextVar
from typing import Any

from .ntlm import NtlmError, ProxyNtlm

# Credentials for tunnels that the current thread opens.
credentials: ContextVar[ProxyNtlm | None] = ContextVar("credentials", default=None)
_ROUNDS = 2


class NtlmTunnel:
    """Connection mixin that opens its tunnel with NTLM if credentials are set."""

    def _tunnel(self: Any) -> None:
        wanted = credentials.get()
        if wanted is None:
            super()._tunnel()  # type: ignore[misc]
            return
        try:
            status = _negotiate(self, _client(wanted.inner, self.host))
        except OSError:
            self.close()
            raise
        # The library raises its own errors and those of its cryptography.
        except Exception as exc:  # noqa: BLE001
            self.close()
            raise NtlmError(f"NTLM authentication at the proxy failed: {exc}") from None
        if status != 200:
            self.close()
            raise OSError(f"Tunnel connection failed: {status}")


def _client(inner: Any, host: str) -> Any:
    try:
        import spnego
    except ImportError:
        raise NtlmError(
            "NTLM authentication at a proxy for https requires a library that is not installed. "
            "Install it: pip install pyspnego"
        ) from None
    # Releases of requests-ntlm before 1.2 split the domain off the name.
    domain = getattr(inner, "domain", "")
    return spnego.client(
        f"{domain}\\{inner.username}" if domain else inner.username,
        inner.password,
        hostname=host,
        service="http",
        protocol="ntlm",
        options=spnego.NegotiateOptions.use_ntlm,
    )


def _negotiate(connection: Any, client: Any) -> int:
    """Negotiate the tunnel with the proxy; return the last status."""
    token, status = client.step(), 0
    for _ in range(_ROUNDS):
        status, challenge = _ask(connection, base64.b64encode(token).decode())
        if status != 407 or not challenge.upper().startswith("NTLM "):
            break
        token = client.step(base64.b64decode(challenge[len("NTLM ") :]))
    return status


def _ask(connection: Any, message: str) -> tuple[int, str]:
    target = f"{connection._tunnel_host}:{connection._tunnel_port}"
    lines = [
        f"CONNECT {target} HTTP/1.1",
        f"Host: {target}",
        "Proxy-Connection: Keep-Alive",
        f"Proxy-Authorization: NTLM {message}",
    ]
    connection.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
    response = connection.response_class(connection.sock, method="CONNECT")
    response.begin()
    if response.status != 200:
        response.read()
    return response.status, response.headers.get("Proxy-Authenticate", "")
