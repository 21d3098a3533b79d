"""What it costs to fetch a large result of a job that ended."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import requests

from benchmarks.rows import Plan, row
from benchmarks.standin import StandIn


def peak_of(call: Any) -> tuple[int, Any]:
    """Return the most memory that a call had in use at a time, and what it returned."""
    tracemalloc.start()
    result = call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, result


def _fetched(kind: str, latency: float = 0.0) -> Plan:
    standin = StandIn(latency=latency, result=kind)
    service = standin.service()
    address = f"{standin.url}/runtime/jobs/job0/results"
    plain = requests.Session()
    plain.trust_env = False
    plain.get(address)  # the stand-in makes it now

    def fetch() -> Any:
        return service.job("job0").result()

    def floor() -> Any:
        return json.loads(plain.get(address).content)

    def facts() -> dict[str, object]:
        standin.reset()
        peak, result = peak_of(fetch)
        counts = standin.counts()
        del result
        parse = peak_of(floor)[0]
        payload = len(plain.get(address).content)
        wanted = {name: counts[name] for name in ("requests", "dependent")}
        return {
            **wanted,
            "MB": round(payload / 1e6, 3),
            "peak_to_payload": round(peak / payload, 2),
            "peak_of_floor": round(parse / payload, 2),
        }

    return Plan(fetch, floor, rounds=3, facts=facts, close=standin.stop)


@row(
    "job() and result() of a job that ended, 50 ms a trip", "one round trip for the job, one for it"
)
def ended() -> Plan:
    return _fetched("text 1000", latency=0.05)


@row("40 MB of quasi-distributions", "one parse, peak: text plus objects")
def large_quasi() -> Plan:
    return _fetched("quasi 40000000")


@row("40 MB array", "one parse, peak under 2.5 x payload")
def large_array() -> Plan:
    return _fetched("array 40000000")


@row("40 MB text", "one parse, peak under 2.5 x payload")
def large_text() -> Plan:
    return _fetched("text 40000000")
