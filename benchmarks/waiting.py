"""What waiting for a job costs, and how soon its end is known."""

from __future__ import annotations

import statistics
import threading
import time
from typing import Callable

from tests.jobs.scripted_service import Peer, ScriptedService

from benchmarks.rows import Plan, row

WAITED = 6.0
WAITERS = 5


def _end_of_the_wait(stream: int | Callable[[Peer], None], end: Callable[[], None]) -> Plan:
    """Plan the moment from the end of a job to its result, for jobs that have waited a while."""
    service = ScriptedService()
    service.on_stream = stream
    jobs = [service.job(f"j{index}") for index in range(WAITERS)]
    service.results.update({job.job_id(): '"done"' for job in jobs})
    waiting = [(job, threading.Thread(target=job.result, daemon=True)) for job in jobs]
    for _, thread in waiting:
        thread.start()
    time.sleep(WAITED)
    asked = len(service.requests)
    left = list(waiting)

    def finish() -> None:
        job, thread = left.pop()
        service.end(job.job_id())
        end()
        thread.join()

    def facts() -> dict[str, object]:
        last = [
            request
            for request in service.requests[asked:]
            if request in ("GET /jobs/j0", "GET /jobs/j0/results")
        ]
        return {
            "requests_per_waited_second": round(asked / WAITERS / WAITED, 2),
            "requests_after_the_end": len(last),
        }

    return Plan(finish, rounds=WAITERS, facts=facts, close=lambda: service.__exit__(None))


def _idle(peer: Peer) -> None:
    peer.send("ACK")
    peer.until_gone()


@row("result() after the end, stream working", "one round trip")
def streaming() -> Plan:
    ends = [threading.Event() for _ in range(WAITERS)]
    left = list(ends)

    def script(peer: Peer) -> None:
        peer.send("ACK")
        ends[int(peer.path.rpartition("j")[2])].wait()
        peer.send('"done"')
        peer.close()

    return _end_of_the_wait(script, lambda: left.pop().set())


@row("result() after the end, stream refused", "under 2,000 ms")
def refused() -> Plan:
    return _end_of_the_wait(404, lambda: None)


@row("result() after the end, stream silent", "under 5,000 ms")
def silent() -> Plan:
    return _end_of_the_wait(_idle, lambda: None)


@row("200 waiting jobs: threads in addition to the waiting ones", "a handful")
def threads() -> Plan:
    service = ScriptedService()
    service.on_stream = _idle
    seen: list[int] = []

    def wait_for_all() -> None:
        client = service.job("first")._api_client
        jobs = [service.job(f"w{index}", api_client=client) for index in range(200)]
        waiting = [threading.Thread(target=job.wait_for_final_state, args=(60,)) for job in jobs]
        for thread in waiting:
            thread.start()
        for _ in range(200):
            seen.append(sum(t.name.startswith("job-") for t in threading.enumerate()))
            time.sleep(0.01)
        for job in jobs:
            service.end(job.job_id())
        for thread in waiting:
            thread.join()

    return Plan(
        wait_for_all,
        rounds=1,
        facts=lambda: {"most": max(seen), "median": statistics.median(seen)},
        close=lambda: service.__exit__(None),
    )
