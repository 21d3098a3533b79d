"""A socket server that answers every request with given bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator


def read_request(connection: socket.socket) -> bytes:
    """Read one request, headers and body."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length")
    ]
    while lengths and len(body) < lengths[0] and (piece := connection.recv(65536)):
        body += piece
    return head + b"\r\n\r\n" + body


@contextlib.contextmanager
def answering(answer: Callable[[bytes], Iterable[bytes]]) -> Iterator[str]:
    """Serve on loopback and yield the URL; each connection takes one request.

    Args:
        answer: Gives the pieces of the answer to a request; it may never end.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                request = read_request(connection)
                if request:
                    for piece in answer(request):
                        connection.sendall(piece)

        def listen() -> None:
            with contextlib.suppress(OSError):  # the listener was closed
                while True:
                    connection = listener.accept()[0]
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
