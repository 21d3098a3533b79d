"""The process that workers are forked from: ``python -m ... preloaded MEMORY``.

It has imported Qiskit, Aer and every program, so that a worker starts in milliseconds and shares
their memory. It is told to fork over the socket that is its standard input, and tells there how
its children ended. It runs no job and no thread: a fork copies neither threads nor their locks.
"""

from __future__ import annotations

import gc
import os
import random
import select
import signal
import socket
import struct
from typing import TYPE_CHECKING, Any

from . import keeper, worker

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUEST = b"f"
"""Fork; two descriptors come along: the worker's socket, and what it prints into."""
REPLY = struct.Struct("!cii")
"""``FORKED``, process and 0, or 0 and the number of an error; ``ENDED``, process and exit code."""
FORKED, ENDED = b"f", b"e"


def main() -> None:
    """Import everything, then fork until the executor goes away."""
    keeper.end_with(os.getppid())
    keeper.adopt_orphans()
    control = worker.take_socket()

    from qiskit_ibm_runtime.local.programs import import_all

    from . import job  # noqa: F401 - for the workers

    import_all()
    generators = _generators()
    # What is here stays; a collection in a worker would look through it, and so copy it.
    gc.collect()
    gc.freeze()
    with keeper.waking(signal.SIGCHLD) as heard:
        try:
            is_worker = _serve(control, heard)
        except ConnectionError:  # the executor has gone with something unread
            is_worker = False
    control.close()
    if is_worker:
        os.setsid()
        _seed(generators)
        worker.main()


def _serve(control: socket.socket, heard: int) -> bool:
    """Fork when told to; return whether this is a child, or the executor has gone."""
    sources: list[Any] = [control, heard]
    keepers: set[int] = set()
    while True:
        ready, _, _ = select.select(sources, [], [])
        if heard in ready:
            os.read(heard, 512)
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
    """Tell which workers' keepers have ended, and end what keepers left that somebody killed."""
    for process, code in _ended():
        if process in keepers:
            keepers.remove(process)
            control.sendall(REPLY.pack(ENDED, process, code))
    keeper.kill(keeper.children() - keepers)


def _fork() -> tuple[int, int]:
    """Fork; return the child, 0 in the child, or -1 and the number of the error."""
    try:
        return os.fork(), 0
    except OSError as error:
        return -1, error.errno or 0


def _ended() -> Iterator[tuple[int, int]]:
    """The children that have ended, with their exit codes."""
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if process == 0:
            return
        yield process, os.waitstatus_to_exitcode(status)


def _generators() -> list[Any]:
    """Every generator of random numbers that a module made while it was imported."""
    import numpy as np

    kinds = (random.Random, np.random.BitGenerator)
    return [one for one in gc.get_objects() if isinstance(one, kinds)]


def _seed(generators: list[Any]) -> None:
    """Begin generators anew; otherwise all workers would draw the same numbers."""
    for one in generators:
        if isinstance(one, random.Random):
            one.seed()
        else:
            one.state = type(one)().state


if __name__ == "__main__":
    main()
