"""What waiting for jobs costs, and how soon their end is known."""

from __future__ import annotations

import itertools
import threading
import time
from typing import Any

from tests.jobs.scripted_service import Peer, ScriptedService

from benchmarks.rows import Plan, row


@row("result() after the end, stream working", "one round trip", stream="working")
@row("result() after the end, stream refused", "under 2,000 ms", stream="refused")
@row("result() after the end, stream silent", "under 5,000 ms", stream="silent")
@row("results of {} jobs that end together", "linear", (1, 10, 100, 500), waited=1, rounds=1)
def ending(number: int = 1, stream: str = "working", waited: float = 6, rounds: int = 3) -> Plan:
    """Plan the time from the end of jobs, each awaited in a thread for a while, to the last result.

    The service runs in the same process, so half of the CPU time is its own.
    """
    service, over, names = ScriptedService(), threading.Event(), map(str, itertools.count())
    client = service.job("first")._api_client
    asked, threads_of_jobs = [], []

    def working(peer: Peer) -> None:
        peer.send("ACK")
        over.wait()
        peer.close()

    def silent(peer: Peer) -> None:
        peer.send("ACK")
        peer.until_gone()

    def prepare() -> dict[str, threading.Thread]:
        over.clear()
        service.requests.clear()
        jobs = [service.job(next(names), api_client=client) for _ in range(number)]
        threads = {}
        for job in jobs:
            service.results[job.job_id()] = '"done"'
            threads[job.job_id()] = threading.Thread(target=job.result, daemon=True)
            threads[job.job_id()].start()
        time.sleep(waited + number / 100)
        asked.append(len(service.requests) / number)
        threads_of_jobs.append(sum(t.name.startswith("job-") for t in threading.enumerate()))
        return threads

    def end(threads: dict[str, threading.Thread]) -> None:
        for name in threads:
            service.end(name)
        over.set()
        for thread in threads.values():
            thread.join()

    def facts() -> dict[str, Any]:
        return {
            "requests_per_second": round(asked[-1] / waited, 2),
            "requests_after_the_end": round(len(service.requests) / number - asked[-1], 2),
            "additional_threads": max(threads_of_jobs),
        }

    service.on_stream = {"working": working, "silent": silent, "refused": 404}[stream]
    return Plan(end, rounds=rounds, prepare=prepare, peak=True, facts=facts)
