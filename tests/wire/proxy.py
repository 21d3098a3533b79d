"""A forward proxy on loopback: plain, with basic credentials, or with NTLM."""

from __future__ import annotations

import base64
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Proxy:
    """Settings of the proxy, names that only it resolves, and the requests it forwarded."""

    basic: str | None = None
    ntlm: bool = False
    hosts: dict[str, str] = field(default_factory=dict)
    url: str = ""
    address: str = ""
    tunnels: list[str] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    ntlm_messages: list[int] = field(default_factory=list)

    @property
    def shown(self) -> list[str | None]:
        """Return the basic credentials of each request."""
        given = [headers.get("Proxy-Authorization", "") for headers in self.headers]
        return [
            base64.b64decode(one[6:]).decode() if one[:6] == "Basic " else None for one in given
        ]


def challenge() -> str:
    """NTLM message 2: unicode, extended security, empty target information."""
    flags = 0x00000001 | 0x00000200 | 0x00080000 | 0x00800000 | 0x20000000 | 0x80000000
    information = struct.pack("<HH", 0, 0)
    message = b"NTLMSSP\x00" + struct.pack("<IHHI", 2, 0, 0, 56) + struct.pack("<I", flags)
    message += b"12345678" + bytes(8)
    message += struct.pack("<HHI", len(information), len(information), 56) + bytes(8)
    return base64.b64encode(message + information).decode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def log_message(self, *args: Any) -> None:
        """Do not log."""

    def _admitted(self) -> bool:
        given = self.headers.get("Proxy-Authorization", "")
        if self.proxy.basic is not None:
            wanted = base64.b64encode(self.proxy.basic.encode()).decode()
            if given == f"Basic {wanted}":
                return True
            return self._challenge('Basic realm="proxy"')
        if self.proxy.ntlm:
            if not given.startswith("NTLM "):
                return self._challenge("NTLM")
            kind = struct.unpack("<I", base64.b64decode(given[5:])[8:12])[0]
            self.proxy.ntlm_messages.append(kind)
            return kind == 3 or self._challenge(f"NTLM {challenge()}")
        return True

    def _challenge(self, offer: str) -> bool:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(407)
        self.send_header("Proxy-Authenticate", offer)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def do_CONNECT(self) -> None:
        self.proxy.headers.append(dict(self.headers))
        if not self._admitted():
            return
        self.proxy.tunnels.append(self.path)
        host, _, port = self.path.partition(":")
        with socket.create_connection((self.proxy.hosts.get(host, host), int(port))) as far:
            self.send_response(200)
            self.end_headers()
            near = self.connection
            while True:
                ready, _, _ = select.select([near, far], [], [], 10)
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        self.close_connection = True
                        return
                    (far if source is near else near).sendall(data)
                if not ready:
                    return

    def _forward(self) -> None:
        self.proxy.headers.append(dict(self.headers))
        if not self._admitted():
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.proxy.requests.append((self.command, self.path))
        parts = urlsplit(self.path)
        host = parts.hostname or ""
        connection = HTTPConnection(self.proxy.hosts.get(host, host), parts.port)
        headers = {n: v for n, v in self.headers.items() if n.lower() != "proxy-authorization"}
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(self.command, path, body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_POST = do_PUT = do_DELETE = _forward  # noqa: N815  # names fixed by http.server


@contextmanager
def running(**settings: Any) -> Iterator[Proxy]:
    """Run a proxy."""
    proxy = Proxy(**settings)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    proxy.address = f"127.0.0.1:{server.server_port}"
    user = f"{proxy.basic}@" if proxy.basic else ""
    proxy.url = f"http://{user}{proxy.address}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
