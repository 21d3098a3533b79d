"""What it costs to look at devices: 127 qubits, 50 ms a round trip."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any, Callable

from qiskit import QuantumCircuit
from qiskit.providers.models import BackendProperties, QasmBackendConfiguration

from benchmarks.rows import Call, Plan, Row, counted
from benchmarks.standin import StandIn, snapshot


def properties() -> BackendProperties:
    return BackendProperties.from_dict(copy.deepcopy(snapshot("props")))


def _decoded() -> object:
    configuration = QasmBackendConfiguration.from_dict(copy.deepcopy(snapshot("conf")))
    return configuration, properties()


def _first(
    call: Callable[[Any], object], rounds: int = 5, floor: Call | None = None, devices: int = 20
) -> Plan:
    """Plan a call that is the first one on its service, and count what it asked for."""
    standin = StandIn(devices=devices)
    fresh = iter([standin.service() for _ in range(rounds + 1)])
    take = lambda: call(next(fresh))  # noqa: E731
    return Plan(take, floor, rounds, counted(standin, take), standin.stop)


def _again(call: Callable[[Any], object]) -> Plan:
    standin = StandIn()
    take = partial(call, standin.service())
    take()
    return Plan(take, facts=counted(standin, take), close=standin.stop)


def _checked(rounds: int, first: bool) -> Plan:
    """Plan checks of circuits that were not seen before, by devices that were not or that were."""
    standin = StandIn(latency=0, faulty=True)
    services = [standin.service() for _ in range(rounds + 1 if first else 1)]
    backends = [service.backend("device_00") for service in services]
    pairs = [pair for pair in backends[0].coupling_map if 126 not in pair and set(pair) != {0, 1}]
    circuit = QuantumCircuit(127)
    for index in range(10_000):
        circuit.sx(index % 126)
        circuit.cx(*pairs[index % len(pairs)])
    circuits = [circuit.copy() for _ in range(rounds + 1)]
    for backend in backends:
        backend.properties()
        if not first:
            backend.check_faulty(circuit)

    def check() -> None:
        (backends.pop() if first else backends[0]).check_faulty(circuits.pop())

    def plain_pass() -> int:
        places = {qubit: index for index, qubit in enumerate(circuit.qubits)}
        return sum(places[entry.qubits[0]] for entry in circuit.data)

    return Plan(check, plain_pass, rounds, counted(standin, check), standin.stop)


def _every(service: Any) -> object:
    return service.backends()


def _least_busy(service: Any) -> object:
    return service.least_busy()


def _with_a_missing_field(service: Any) -> object:
    return service.backends(filters=lambda backend: hasattr(backend, "no_such_field"))


def _target(service: Any) -> object:
    return service.backend("device_00").target


SOON = "at most 4 dependent, under 300 ms"
ROWS = [
    Row(what, goal, partial(plan, call, **how))
    for what, goal, plan, call, how in (
        ("backends(), 20 devices", SOON, _first, _every, {}),
        (
            *("backends(), 400 devices", "linear, 32 at a time", _first, _every),
            {"rounds": 3, "devices": 400},
        ),
        ("backends() again", "0 requests", _again, _every, {}),
        ("least_busy(), 20 devices, first", SOON, _first, _least_busy, {}),
        ("least_busy(), 20 devices, again", "one status each", _again, _least_busy, {}),
        (
            *("backends() filtered by a field that is missing", "no request, under 5 ms"),
            *(_again, _with_a_missing_field, {}),
        ),
        (
            *("backend.target, 127 qubits, first", "a third of the original's 3,000 ms"),
            *(_first, _target, {"rounds": 3, "floor": _decoded}),
        ),
        ("backend.target again, by a new look-up", "under 1 ms", _again, _target, {}),
    )
] + [
    Row(
        "check_faulty, 20,000 instructions, first",
        "under 40 ms, 0 requests",
        partial(_checked, 5, first=True),
    ),
    Row(
        "check_faulty, 20,000 instructions, again",
        "under 10 ms, 0 requests",
        partial(_checked, 9, first=False),
    ),
]
