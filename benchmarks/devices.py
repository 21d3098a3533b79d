"""What it costs to look at devices: 127 qubits, 50 ms a round trip."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers.models import BackendProperties, QasmBackendConfiguration

from benchmarks.rows import Call, Plan, Row
from benchmarks.standin import StandIn, snapshot


def properties() -> BackendProperties:
    return BackendProperties.from_dict(copy.deepcopy(snapshot("props")))


def _decoded(_: object) -> object:
    configuration = QasmBackendConfiguration.from_dict(copy.deepcopy(snapshot("conf")))
    return configuration, properties()


def first(call: Call, rounds: int = 5, floor: Call | None = None, devices: int = 20) -> Plan:
    """Plan a call that is the first one on its service."""
    standin = StandIn(devices=devices)
    return Plan(call, floor, rounds, standin.service, standin)


def _again(call: Call) -> Plan:
    standin = StandIn()
    service = standin.service()
    call(service)
    return Plan(partial(call, service), standin=standin)


def _checked(new: bool, rounds: int) -> Plan:
    """Plan checks of circuits that were not seen before, by a device that was not or that was."""
    standin = StandIn(latency=0, faulty=True)
    backend = standin.service().backend("device_00")
    pairs = [pair for pair in backend.coupling_map if 126 not in pair and set(pair) != {0, 1}]
    circuit = QuantumCircuit(127)
    for index in range(10_000):
        circuit.sx(index % 126)
        circuit.cx(*pairs[index % len(pairs)])
    backend.check_faulty(circuit)

    def prepare() -> tuple[Any, QuantumCircuit]:
        device = standin.service().backend("device_00") if new else backend
        device.properties()
        return device, circuit.copy()

    def check(given: tuple[Any, QuantumCircuit]) -> None:
        given[0].check_faulty(given[1])

    def plain_pass(_: object) -> int:
        places = {qubit: index for index, qubit in enumerate(circuit.qubits)}
        return sum(places[entry.qubits[0]] for entry in circuit.data)

    return Plan(check, plain_pass, rounds, prepare, standin)


def every(service: Any) -> object:
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
        ("backends(), 20 devices", SOON, first, every, {}),
        (
            *("backends(), 400 devices", "linear, 32 at a time", first, every),
            {"rounds": 3, "devices": 400},
        ),
        ("backends() again", "0 requests", _again, every, {}),
        ("least_busy(), 20 devices, first", SOON, first, _least_busy, {}),
        ("least_busy(), 20 devices, again", "one status each", _again, _least_busy, {}),
        (
            *("backends() filtered by a field that is missing", "no request, under 5 ms"),
            *(_again, _with_a_missing_field, {}),
        ),
        (
            *("backend.target, 127 qubits, first", "a third of the original's 3,000 ms"),
            *(first, _target, {"rounds": 3, "floor": _decoded}),
        ),
        ("backend.target again, by a new look-up", "under 1 ms", _again, _target, {}),
    )
] + [
    Row(
        "check_faulty, 20,000 instructions, first",
        "under 40 ms, 0 requests",
        partial(_checked, new=True, rounds=5),
    ),
    Row(
        "check_faulty, 20,000 instructions, again",
        "under 10 ms, 0 requests",
        partial(_checked, new=False, rounds=9),
    ),
]
