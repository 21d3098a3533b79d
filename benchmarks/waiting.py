"""What waiting for a job costs, and how soon its end is known."""

from __future__ import annotations

import itertools
import threading
import time
from functools import partial
from typing import Any, Callable

from tests.jobs.scripted_service import Peer, ScriptedService

from benchmarks.rows import Plan, Row

WAITED = 6.0
WAITERS = 5


def wait_for(service: ScriptedService, names: list[str]) -> dict[str, threading.Thread]:
    """Let a thread for each of these jobs wait for its result."""
    client = service.job("first")._api_client
    threads = {}
    for name in names:
        job = service.job(name, api_client=client)
        service.results[name] = '"done"'
        threads[name] = threading.Thread(target=job.result, daemon=True)
        threads[name].start()
    return threads


def together(number: int) -> Plan:
    """Plan the moment from the end of all jobs to the last result.

    The service runs in the same process, so that half of the work is its own.
    """
    service, over, numbers, most = ScriptedService(), threading.Event(), itertools.count(), [0]

    def stream(peer: Peer) -> None:
        peer.send("ACK")
        over.wait()
        peer.close()

    def prepare() -> dict[str, threading.Thread]:
        over.clear()
        threads = wait_for(service, [f"w{next(numbers)}" for _ in range(number)])
        time.sleep(1 + number / 100)
        most.append(sum(thread.name.startswith("job-") for thread in threading.enumerate()))
        return threads

    def end(threads: dict[str, threading.Thread]) -> None:
        for name in threads:
            service.end(name)
        over.set()
        for thread in threads.values():
            thread.join()

    service.on_stream = stream
    return Plan(end, rounds=1, prepare=prepare, facts=lambda: {"additional threads": max(most)})


def _plan(stream: int | Callable[[Peer], None], end: Callable[[str], Any] = str) -> Plan:
    """Plan the moment from the end of a job to its result, for jobs that have waited a while."""
    service = ScriptedService()
    service.on_stream = stream
    threads = wait_for(service, [f"j{index}" for index in range(WAITERS)])
    time.sleep(WAITED)
    asked = len(service.requests)

    def finish() -> None:
        name, thread = threads.popitem()
        service.end(name)
        end(name)
        thread.join()

    def facts() -> dict[str, object]:
        after = service.requests[asked:]
        return {
            "requests_per_waited_second": round(asked / WAITERS / WAITED, 2),
            "requests_after_the_end": sum(
                map(after.count, ("GET /jobs/j0", "GET /jobs/j0/results"))
            ),
        }

    return Plan(finish, rounds=WAITERS, facts=facts)


def _working() -> Plan:
    ends = {f"j{index}": threading.Event() for index in range(WAITERS)}

    def stream(peer: Peer) -> None:
        peer.send("ACK")
        ends[peer.path.rpartition("/")[2]].wait()
        peer.send('"done"')
        peer.close()

    return _plan(stream, lambda name: ends[name].set())


def _silent() -> Plan:
    def stream(peer: Peer) -> None:
        peer.send("ACK")
        peer.until_gone()

    return _plan(stream)


ROWS = [
    Row("result() after the end, stream working", "one round trip", _working),
    Row("result() after the end, stream refused", "under 2,000 ms", partial(_plan, 404)),
    Row("result() after the end, stream silent", "under 5,000 ms", _silent),
]
