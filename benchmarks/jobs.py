"""What it costs to list jobs: 50 ms a round trip."""

from __future__ import annotations

from functools import partial

import requests

from benchmarks.rows import Plan, Row, counted, peak_of
from benchmarks.standin import StandIn


def _listed(inputs: int, number: int = 500) -> Plan:
    standin = StandIn(inputs=inputs)
    service = standin.service()
    plain = requests.Session()
    plain.trust_env = False
    jobs = partial(service.jobs, limit=number)
    jobs()

    def pages() -> None:
        for offset in range(0, number, 200):
            page = {"limit": number - offset, "offset": offset}
            plain.get(f"{standin.url}/runtime/jobs", params=page).json()

    def facts() -> dict[str, object]:
        peak = peak_of(jobs)[0]
        return {**counted(standin, jobs)(), "peak_MB": round(peak / 1e6, 1)}

    return Plan(jobs, pages, 5, facts, standin.stop)


ROWS = [
    Row("jobs(limit=500), 10 kB of inputs each", "under 400 ms", partial(_listed, 10_000)),
    Row("jobs(limit=500), 100 kB of inputs each", "the pages themselves", partial(_listed, 10**5)),
]
