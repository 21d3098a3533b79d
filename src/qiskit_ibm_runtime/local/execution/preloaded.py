"""Process from which workers are forked: ``python -m ... preloaded MEMORY``.

It has imported Qiskit, Aer and all built-in programs, so that workers start in milliseconds and
share memory. It receives requests to fork on the socket that is its standard input, and reports
there how its children ended. It runs no jobs and has a single thread, because forking a process
with threads is unsafe.
"""

from __future__ import annotations

import gc
import os
import random
import select
import signal
import socket
import struct
from typing import Any

from . import keeper, worker

REQUEST = b"f"
"""Request to fork, with two file descriptors: the worker's socket, and its output pipe."""
REPLY = struct.Struct("!cii")
"""``FORKED`` with process id and 0, or with 0 and errno; ``ENDED`` with process id and exit code.
"""
FORKED, ENDED = b"f", b"e"


def main() -> None:
    """Import everything, then fork workers until the executor ends."""
    keeper.end_with(os.getppid())
    keeper.adopt_orphans()
    control = worker.take_socket()

    from qiskit_ibm_runtime.local.programs import import_all

    from . import job  # noqa: F401 - for the workers

    import_all()
    generators = _generators()
    # Exempt existing objects from garbage collection, which would copy their pages in each worker.
    gc.collect()
    gc.freeze()
    with keeper.waking(signal.SIGCHLD) as readable:
        try:
            is_worker = _serve(control, readable)
        except ConnectionError:  # the executor has ended, with unread data
            is_worker = False
    control.close()
    if is_worker:
        os.setsid()
        _seed(generators)
        worker.main()


def _serve(control: socket.socket, readable: int) -> bool:
    """Fork on request; return ``True`` in a child, and ``False`` once the executor has ended."""
    sources: list[Any] = [control, readable]
    keepers: set[int] = set()
    while True:
        ready, _, _ = select.select(sources, [], [])
        if readable in ready:
            os.read(readable, 512)
            _reap(control, keepers)
        if control not in ready:
            continue
        message, files, _, _ = socket.recv_fds(control, len(REQUEST), 2)
        if not message:
            return False
        process, error = _fork()
        if process == 0:
            for file, streams in zip(files, ((0,), (1, 2))):
                for stream in streams:
                    os.dup2(file, stream)
        for file in files:
            os.close(file)
        if process == 0:
            return True
        if process > 0:
            keepers.add(process)
        control.sendall(REPLY.pack(FORKED, max(process, 0), error))


def _reap(control: socket.socket, keepers: set[int]) -> None:
    """Report keepers that have ended, and kill descendants of keepers that were killed."""
    for process, status in keeper.reaped():
        if process in keepers:
            keepers.remove(process)
            control.sendall(REPLY.pack(ENDED, process, os.waitstatus_to_exitcode(status)))
    keeper.kill(keeper.children() - keepers)


def _fork() -> tuple[int, int]:
    """Fork; return the process id (0 in the child) and 0, or -1 and errno."""
    try:
        return os.fork(), 0
    except OSError as error:
        return -1, error.errno or 0


def _generators() -> list[Any]:
    """Return every random number generator that exists after the imports."""
    import numpy as np

    kinds = (random.Random, np.random.BitGenerator)
    return [one for one in gc.get_objects() if isinstance(one, kinds)]


def _seed(generators: list[Any]) -> None:
    """Reseed generators; otherwise all workers would generate the same numbers."""
    for one in generators:
        if isinstance(one, random.Random):
            one.seed()
        else:
            one.state = type(one)().state


if __name__ == "__main__":
    main()
