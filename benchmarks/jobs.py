"""What it costs to list jobs: 50 ms a round trip, 100 kB of inputs each."""

from __future__ import annotations

import requests

from benchmarks.results import peak_of
from benchmarks.rows import Plan, row
from benchmarks.standin import StandIn


def _listed(number: int, inputs: int) -> Plan:
    standin = StandIn(inputs=inputs)
    service = standin.service()
    plain = requests.Session()
    plain.trust_env = False
    service.jobs(limit=number)

    def pages() -> None:
        for offset in range(0, number, 200):
            limit = number - offset
            plain.get(
                f"{standin.url}/runtime/jobs", params={"limit": limit, "offset": offset}
            ).json()

    def facts() -> dict[str, object]:
        standin.reset()
        peak, jobs = peak_of(lambda: service.jobs(limit=number))
        counts = standin.counts()
        wanted = {name: counts[name] for name in ("requests", "dependent")}
        return {**wanted, "jobs": len(jobs), "peak_MB": round(peak / 1e6, 1)}

    return Plan(
        lambda: service.jobs(limit=number), pages, rounds=5, facts=facts, close=standin.stop
    )


@row("jobs(limit=500), 10 kB of inputs each", "under 400 ms")
def listing() -> Plan:
    return _listed(500, 10_000)


@row("jobs(limit=500), 100 kB of inputs each", "the pages themselves")
def heavy() -> Plan:
    return _listed(500, 100_000)
