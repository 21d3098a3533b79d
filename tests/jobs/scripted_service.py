"""A scriptable service: silent, slow, sending garbage, gone, or working.

It speaks HTTP and websocket on a real loopback socket, so nothing of the client is replaced::

    with ScriptedService() as service:
        service.results["j1"] = '{"a": 1}'
        service.on_stream = lambda peer: peer.send("ACK")       # then the connection ends
        job = service.job("j1")

``requests`` lists the requests in order; ``service.end("j1")`` ends a job.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
import struct
import threading
from contextlib import suppress
from typing import Any, Callable

from qiskit_ibm_runtime import RuntimeJob
from qiskit_ibm_runtime.api.client_parameters import ClientParameters
from qiskit_ibm_runtime.api.clients import RuntimeClient

TEXT, CLOSE, PING, PONG, CONTINUATION = 1, 8, 9, 10, 0


class Peer:
    """The server side of one connection, after its request was read."""

    def __init__(self, sock: socket.socket, method: str, target: str, headers: dict[str, str]):
        self.sock, self.method, self.target, self.headers = sock, method, target, headers

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def answer(self, status: int, body: bytes | str = b"", headers: str = "") -> None:
        """Send an HTTP response."""
        content = body.encode() if isinstance(body, str) else body
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n{headers}\r\n"
        self.sock.sendall(head.encode() + content)

    def upgrade(self) -> None:
        """Open the websocket."""
        key = self.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.sock.sendall(
            (
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            ).encode()
        )

    def frame(self, opcode: int, data: bytes = b"", *, final: bool = True) -> None:
        """Send one frame."""
        self.sock.sendall(frame_head(opcode, len(data), final=final) + data)

    def send(self, *texts: str) -> None:
        """Send text messages."""
        for text in texts:
            self.frame(TEXT, text.encode())

    def close(self, code: int | None = 1000) -> None:
        """Send a close frame and wait until the client closes."""
        self.frame(CLOSE, b"" if code is None else struct.pack("!H", code))
        self.until_gone()

    def receive(self) -> tuple[int, bytes]:
        """Read one frame of the client."""
        first, second = self._exactly(2)
        length = second & 0x7F
        if length == 126:
            length = struct.unpack("!H", self._exactly(2))[0]
        mask = self._exactly(4)
        data = self._exactly(length)
        return first & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))

    def until_gone(self) -> list[tuple[int, bytes]]:
        """Read until the client closes the connection; return its frames."""
        frames = []
        with suppress(OSError, EOFError):
            while True:
                frames.append(self.receive())
        return frames

    def reset(self) -> None:
        """Reset the connection, as a crashed host would."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.sock.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data


def frame_head(opcode: int, length: int, *, final: bool = True) -> bytes:
    first = opcode | (0x80 if final else 0)
    if length < 126:
        return bytes([first, length])
    if length < 65536:
        return struct.pack("!BBH", first, 126, length)
    return struct.pack("!BBQ", first, 127, length)


class ScriptedService:
    """The service; see the module."""

    def __init__(self, certificate: Any = None, prefix: str = "", url: str = "") -> None:
        """Start the service, or refer to one that runs at ``url`` in another process."""
        self.prefix = prefix
        self.records: dict[str, dict[str, Any]] = {}
        self.results: dict[str, str] = {}
        self.requests: list[str] = []
        self.peers: list[Peer] = []
        self.on_stream: Callable[[Peer], None] | int = 404
        self.on: dict[str, Callable[[Peer], None]] = {}
        self.ended = threading.Event()
        self._lock = threading.Lock()
        self._certificate = certificate
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._open: set[socket.socket] = set()
        scheme = "https" if certificate else "http"
        self.url = url or f"{scheme}://localhost:{self._listener.getsockname()[1]}{prefix}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> ScriptedService:  # noqa: PYI034  # Self came with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for sock in self._open:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def parameters(self, **kwargs: Any) -> ClientParameters:
        return ClientParameters("ibm_quantum", "access-token", self.url, **kwargs)

    def job(self, job_id: str = "j1", program_id: str = "custom", **kwargs: Any) -> RuntimeJob:
        """Return a job of this service, running by default."""
        self.records.setdefault(job_id, record(job_id))
        params = kwargs.pop("client_params", None) or self.parameters()
        client = kwargs.pop("api_client", None) or RuntimeClient(params)
        kwargs.setdefault("service", None)
        return RuntimeJob(None, client, params, job_id, program_id, **kwargs)

    def end(self, job_id: str = "j1", status: str = "Completed", **state: Any) -> None:
        """End a job."""
        self.records[job_id]["state"] = {"status": status, **state}

    def asked(self, what: str) -> int:
        """Count the requests with this method and path."""
        return self.requests.count(what)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError, EOFError):
            if self._certificate is not None:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._certificate.configure_cert(context)
                sock = context.wrap_socket(sock, server_side=True)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(sock)
            try:
                while self._one_request(sock):
                    pass
            finally:
                with self._lock:
                    self._open.discard(sock)
                sock.close()

    def _one_request(self, sock: socket.socket) -> bool:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = sock.recv(1)
            if not byte:
                return False
            head += byte
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
        peer = Peer(sock, method, target.removeprefix(self.prefix), headers)
        for _ in range(int(headers.get("content-length", 0))):
            sock.recv(1)
        with self._lock:
            self.requests.append(f"{method} {peer.path}")
            self.peers.append(peer)
        return self._respond(peer)

    def _respond(self, peer: Peer) -> bool:
        """Answer one request; return whether the connection stays open."""
        if f"{peer.method} {peer.path}" in self.on:
            self.on[f"{peer.method} {peer.path}"](peer)
            return True
        if peer.path.startswith("/stream/"):
            return self._stream(peer)
        _, _, job_id, *rest = peer.path.split("/")
        if job_id not in self.records:
            peer.answer(404, json.dumps({"errors": [{"code": 1291, "message": "Job not found."}]}))
        elif not rest:
            peer.answer(200, json.dumps(self._record(peer, job_id)))
        elif rest == ["results"]:
            peer.answer(200, self.results.get(job_id, ""))
        elif rest == ["cancel"]:
            self.end(job_id, "Cancelled")
            peer.answer(204)
        else:
            peer.answer(404)
        return True

    def _record(self, peer: Peer, job_id: str) -> dict[str, Any]:
        full = self.records[job_id]
        if "exclude_params=true" in peer.target:
            return {key: value for key, value in full.items() if key != "params"}
        return full

    def _stream(self, peer: Peer) -> bool:
        if isinstance(self.on_stream, int):
            peer.answer(self.on_stream)
            return True
        peer.upgrade()
        self.on_stream(peer)
        return False


def record(job_id: str, status: str = "Running", **more: Any) -> dict[str, Any]:
    """Return the record of a job as the service sends it."""
    return {
        "id": job_id,
        "backend": "a-device",
        "state": {"status": status},
        "program": {"id": "custom"},
        "created": "2023-02-01T12:00:00.5Z",
        "params": {},
        **more,
    }
