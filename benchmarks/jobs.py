"""What it costs to list jobs: 50 ms a round trip, 100 kB of inputs each."""

from __future__ import annotations

from benchmarks.rows import Plan, row
from benchmarks.standin import StandIn


@row("jobs(limit=500)", "under 400 ms")
def listing() -> Plan:
    standin = StandIn(inputs=100_000)
    service = standin.service()

    def facts() -> dict[str, object]:
        standin.reset()
        service.jobs(limit=500)
        return standin.counts()

    return Plan(lambda: service.jobs(limit=500), facts=facts, rounds=3, close=standin.stop)
