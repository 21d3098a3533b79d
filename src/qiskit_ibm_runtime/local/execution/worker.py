"""Worker process, which runs one job at a time: forked, or ``python -m ... worker MEMORY``.

Its standard input is the socket to the executor. Standard output and standard error are one pipe to
the executor, for output and log of the job. Its keeper kills it when the executor ends.
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
from .keeper import fork_worker


def main() -> None:
    fork_worker(executor=0)
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
            connection.sendall(channel.encode({"kind": kind}, text))

        kind, text = job.run(work, lambda text: send("interim", text))
        sys.stdout.flush()
        sys.stderr.flush()
        send(kind, text)


def take_socket() -> socket.socket:
    """Return the socket that is standard input, and replace standard input by an empty one."""
    connection = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return connection


def _listen(connection: socket.socket, jobs: queue.SimpleQueue[Any]) -> None:
    """Receive jobs; exit when the executor has ended."""
    with suppress(OSError), connection.makefile("rb") as incoming:  # a reset, if data was unread
        while (message := channel.receive_blocking(incoming)) is not None:
            jobs.put(message)
    os._exit(0)


def _limit_memory(limit: int) -> None:
    """Limit the memory of this process, so that allocations fail before the machine swaps."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    except (OSError, ValueError) as exc:  # macOS rejects some limits
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
