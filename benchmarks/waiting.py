"""What waiting for a job costs, and how soon its end is known; and what a large result needs."""

from __future__ import annotations

import base64
import json
import statistics
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from io import BytesIO
from typing import Any, Callable

import numpy as np
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


@row("200 waiting jobs: threads beside the waiting ones", "a handful")
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


def quasi_distributions() -> str:
    """40 MB of what a sampler sends."""
    random = np.random.default_rng(1)
    entries = [
        {
            f"{key:040b}": value
            for key, value in zip(range(start, start + 1000), random.random(1000))
        }
        for start in range(0, 620_000, 1000)
    ]
    return json.dumps({"quasi_dists": entries, "metadata": []})


def array() -> str:
    """40 MB of numbers that do not compress."""
    buffer = BytesIO()
    np.save(buffer, np.random.default_rng(1).random(4_100_000))
    packed = base64.b64encode(zlib.compress(buffer.getvalue(), 1)).decode()
    return json.dumps({"__type__": "ndarray", "__value__": packed})


def text() -> str:
    return json.dumps("x" * 40_000_000)


KINDS = {"quasi": quasi_distributions, "array": array, "text": text}


def _large(kind: str) -> Plan:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.waiting", kind], stdout=subprocess.PIPE, text=True
    )
    url = process.stdout.readline().strip()
    here = ScriptedService()
    here.url = url
    jobs = [here.job(f"big{index}") for index in range(4)]

    def facts() -> dict[str, object]:
        payload = len(KINDS[kind]())
        tracemalloc.start()
        result: Any = jobs.pop().result()
        kept, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        del result
        return {
            "payload_MB": round(payload / 1e6, 1),
            "peak_to_payload": round(peak / payload, 2),
            "kept_to_payload": round(kept / payload, 2),
        }

    return Plan(lambda: jobs.pop().result(), rounds=3, facts=facts, close=process.kill)


@row("40 MB of quasi-distributions", "peak: the text beside the objects")
def large_quasi() -> Plan:
    return _large("quasi")


@row("40 MB array", "one copy of the text beside the decoder's own")
def large_array() -> Plan:
    return _large("array")


@row("40 MB text", "peak under 2.5 x payload")
def large_text() -> Plan:
    return _large("text")


def serve(kind: str) -> None:
    """Hold finished jobs with one large result, until the process is ended."""
    with ScriptedService() as service:
        payload = KINDS[kind]()
        for index in range(4):
            service.job(f"big{index}")
            service.end(f"big{index}")
            service.results[f"big{index}"] = payload
        print(service.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    serve(sys.argv[1])
