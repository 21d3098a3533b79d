"""What it costs to log in, at 50 ms a round trip."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.rows import Plan, Row
from benchmarks.standin import StandIn


def _plan(channel: str = "ibm_quantum", **setting: Any) -> Plan:
    standin = StandIn(**setting)
    return Plan(partial(standin.service, channel), rounds=5, standin=standin)


FEW = "3 to 4 connections, under 700 ms"
ROWS = [
    Row(what, goal, partial(_plan, **setting))
    for what, goal, setting in (
        ("start, 20 projects x 20 backends", "4 dependent, under 320 ms", {"projects": 20}),
        ("start, 5 projects, TLS of 100 ms, 3 hosts", FEW, {"projects": 5, "handshake": 0.1}),
        ("start, cloud, 20 backends", "1 dependent, under 120 ms", {"channel": "ibm_cloud"}),
    )
]
