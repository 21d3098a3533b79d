"""What it costs to log in, at 50 ms a round trip."""

from __future__ import annotations

from benchmarks.rows import Plan, row
from benchmarks.standin import StandIn


def _counted(standin: StandIn, call: object) -> object:
    def facts() -> dict[str, object]:
        standin.reset()
        call()
        return standin.counts()

    return facts


@row("start, 20 projects x 20 backends", "4 dependent, under 320 ms")
def quantum() -> Plan:
    standin = StandIn(projects=20)
    facts = _counted(standin, standin.service)
    return Plan(standin.service, facts=facts, rounds=5, close=standin.stop)


@row("start, 5 projects, TLS of 100 ms, 3 hosts", "3 to 4 connections, under 700 ms")
def quantum_over_tls() -> Plan:
    standin = StandIn(projects=5, handshake=0.1)
    facts = _counted(standin, standin.service)
    return Plan(standin.service, facts=facts, rounds=5, close=standin.stop)


@row("start, cloud, 20 backends", "1 dependent, under 120 ms")
def cloud() -> Plan:
    standin = StandIn()
    facts = _counted(standin, standin.cloud_service)
    return Plan(standin.cloud_service, facts=facts, rounds=5, close=standin.stop)
