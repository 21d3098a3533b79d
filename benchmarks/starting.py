"""What it costs to log in, at 50 ms a round trip."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.rows import Plan, Row
from benchmarks.standin import StandIn


def _plan(channel: str = "ibm_quantum", **setting: Any) -> Plan:
    standin = StandIn(**setting)
    return Plan(partial(standin.service, channel), rounds=5, standin=standin)


ROWS = [
    Row(
        "start, 20 projects x 20 backends",
        "4 dependent, under 320 ms",
        partial(_plan, projects=20),
    ),
    Row(
        "start, 5 projects, TLS of 100 ms, 3 hosts",
        "3 to 4 connections, under 700 ms",
        partial(_plan, projects=5, handshake=0.1),
    ),
    Row(
        "start, cloud, 20 backends",
        "1 dependent, under 120 ms",
        partial(_plan, "ibm_cloud"),
    ),
]
