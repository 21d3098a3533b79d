"""What it costs to list jobs: 50 ms a round trip."""

from __future__ import annotations

from functools import partial

import requests

from benchmarks.rows import Plan, Row, peak_of
from benchmarks.standin import StandIn


def listed(inputs: int, number: int = 500) -> Plan:
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
        return {"peak_MB": round(peak_of(jobs)[0] / 1e6, 1)}

    return Plan(jobs, pages, 5, standin=standin, facts=facts)


ROWS = [
    Row("jobs(limit=500), 10 kB of inputs each", "under 400 ms", partial(listed, 10_000)),
    Row("jobs(limit=500), 100 kB of inputs each", "the pages themselves", partial(listed, 10**5)),
]
