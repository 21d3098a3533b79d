"""What it costs to fetch a large result of a job that ended."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import requests

from benchmarks.rows import Plan, Row, peak_of
from benchmarks.standin import StandIn


def fetched(kind: str, latency: float = 0.0) -> Plan:
    standin = StandIn(latency=latency, result=kind)
    service = standin.service()
    address = f"{standin.url}/runtime/jobs/job0/results"
    plain = requests.Session()
    plain.trust_env = False

    def fetch() -> Any:
        return service.job("job0").result()

    def floor() -> Any:
        return json.loads(plain.get(address).content)

    def facts() -> dict[str, object]:
        payload = len(plain.get(address).content)
        return {
            "MB": round(payload / 1e6, 3),
            "peak_to_payload": round(peak_of(fetch)[0] / payload, 2),
            "peak_of_floor": round(peak_of(floor)[0] / payload, 2),
        }

    return Plan(fetch, floor, 3, standin=standin, facts=facts)


ROWS = [
    Row(
        "job() and result() of a job that ended, 50 ms a trip",
        "one round trip for the job, one for it",
        partial(fetched, "text 1000", latency=0.05),
    ),
    *(
        Row(f"40 MB of {what}", f"one parse, peak {peak}", partial(fetched, f"{kind} 40000000"))
        for what, kind, peak in (
            ("quasi-distributions", "quasi", "of text plus objects"),
            ("numbers in an array", "array", "under 2.5 x payload"),
            ("text", "text", "under 2.5 x payload"),
        )
    ),
]
