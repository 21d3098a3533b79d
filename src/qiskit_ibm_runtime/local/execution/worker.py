"""The child process that runs jobs, one at a time: forked, or ``python -m ... worker MEMORY``.

Its standard input is the socket to the executor. What a job prints or logs goes to standard output
and error, which the executor made one pipe. Its keeper ends it when the executor goes away.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import queue
import resource
import socket
import sys
import threading
from contextlib import suppress
from typing import Any

from . import channel
from .keeper import become_kept


def main() -> None:
    become_kept(executor=0)
    _limit_memory(int(sys.argv[1]))
    connection = take_socket()
    faulthandler.enable()
    jobs: queue.SimpleQueue[channel.Message] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, jobs), daemon=True).start()

    from qiskit_ibm_runtime.local.programs import import_all

    from . import job

    import_all()
    while True:
        head, params = jobs.get()
        work = {**head["work"], "params": params}
        _log_from(work.get("log_level") or "WARNING")
        os.write(1, head["start"].encode())

        def send(kind: str, text: str) -> None:
            connection.sendall(channel.packed({"kind": kind}, text))

        kind, text = job.run(work, lambda text: send("interim", text))
        sys.stdout.flush()
        sys.stderr.flush()
        send(kind, text)


def take_socket() -> socket.socket:
    """The socket that is standard input, of which nothing is left."""
    connection = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return connection


def _listen(connection: socket.socket, jobs: queue.SimpleQueue[Any]) -> None:
    """Take in jobs; when the executor is gone nobody wants a result any more."""
    with suppress(OSError):  # a reset, if it left something unread
        while (message := channel.receive_blocking(connection)) is not None:
            jobs.put(message)
    os._exit(0)


def _limit_memory(limit: int) -> None:
    """Let an allocation beyond the limit fail in this process, before the machine swaps."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    except (OSError, ValueError) as exc:  # macOS refuses some limits
        print(f"The memory of this worker is not limited: {exc}", file=sys.stderr)


def _log_from(level: str) -> None:
    logging.basicConfig(
        level=level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        force=True,
    )


if __name__ == "__main__":
    main()
