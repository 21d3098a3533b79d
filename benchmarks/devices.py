"""What it costs to look at devices: 127 qubits, 50 ms a round trip."""

from __future__ import annotations

import copy
from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers.models import BackendProperties, QasmBackendConfiguration

from benchmarks.rows import Call, Plan, row
from benchmarks.standin import StandIn, snapshot


def configuration() -> QasmBackendConfiguration:
    return QasmBackendConfiguration.from_dict(copy.deepcopy(snapshot("conf")))


def properties() -> BackendProperties:
    return BackendProperties.from_dict(copy.deepcopy(snapshot("props")))


def _on_fresh_services(
    call: Any, rounds: int = 5, floor: Call | None = None, devices: int = 20
) -> Plan:
    """Plan a call that is the first one on its service, and count what it asked for."""
    standin = StandIn(devices=devices)
    services = [standin.service() for _ in range(rounds)]
    spare = standin.service()
    fresh = iter(services)

    def facts() -> dict[str, object]:
        standin.reset()
        call(spare)
        return standin.counts()

    return Plan(lambda: call(next(fresh)), floor, rounds=rounds, facts=facts, close=standin.stop)


def _on_a_used_service(call: Any) -> Plan:
    standin = StandIn()
    service = standin.service()
    call(service)

    def facts() -> dict[str, object]:
        standin.reset()
        call(service)
        return standin.counts()

    return Plan(lambda: call(service), facts=facts, close=standin.stop)


@row("backends(), 20 devices", "at most 4 dependent, under 300 ms")
def all_backends() -> Plan:
    return _on_fresh_services(lambda service: service.backends())


@row("backends(), 400 devices", "linear, 32 at a time")
def many_backends() -> Plan:
    return _on_fresh_services(lambda service: service.backends(), rounds=3, devices=400)


@row("backends() again", "0 requests")
def all_backends_again() -> Plan:
    return _on_a_used_service(lambda service: service.backends())


@row("least_busy(), 20 devices, first", "at most 4 dependent, under 300 ms")
def least_busy_first() -> Plan:
    return _on_fresh_services(lambda service: service.least_busy())


@row("least_busy(), 20 devices, again", "one status each")
def least_busy() -> Plan:
    return _on_a_used_service(lambda service: service.least_busy())


@row("backends() filtered by a field that is missing", "no request, under 5 ms")
def missing_field() -> Plan:
    def call(service: Any) -> object:
        return service.backends(filters=lambda backend: hasattr(backend, "no_such_field"))

    return _on_a_used_service(call)


@row("backend.target, 127 qubits, first", "a third of the original's 3,000 ms")
def target() -> Plan:
    return _on_fresh_services(
        lambda service: service.backend("device_00").target,
        rounds=3,
        floor=lambda: (configuration(), properties()),
    )


@row("backend.target again, by a new look-up", "under 1 ms")
def target_again() -> Plan:
    return _on_a_used_service(lambda service: service.backend("device_00").target)


def _long_circuit(pairs: list[list[int]]) -> QuantumCircuit:
    circuit = QuantumCircuit(127)
    for index in range(10_000):
        circuit.sx(index % 126)
        circuit.cx(*pairs[index % len(pairs)])
    return circuit


def _plain_pass(circuit: QuantumCircuit) -> int:
    places = {qubit: index for index, qubit in enumerate(circuit.qubits)}
    return sum(places[entry.qubits[0]] for entry in circuit.data)


def _checked(rounds: int, first: bool) -> Plan:
    """Plan checks of circuits that were not seen before, by devices that were not or that were."""
    standin = StandIn(latency=0, faulty=True)
    services = [standin.service() for _ in range(rounds + 1 if first else 1)]
    backends = [service.backend("device_00") for service in services]
    circuit = _long_circuit(
        [pair for pair in backends[0].coupling_map if 126 not in pair and set(pair) != {0, 1}]
    )
    circuits = [circuit.copy() for _ in range(rounds + 1)]
    for backend in backends:
        backend.properties()
        if not first:
            backend.check_faulty(circuit)

    def check() -> None:
        backends[-1].check_faulty(circuits.pop())
        if first:
            backends.pop()

    def facts() -> dict[str, object]:
        standin.reset()
        check()
        return standin.counts()

    floor = lambda: _plain_pass(circuit)  # noqa: E731
    return Plan(check, floor, rounds, facts=facts, close=standin.stop)


@row("check_faulty, 20,000 instructions, first", "under 40 ms, 0 requests")
def check_faulty_first() -> Plan:
    return _checked(rounds=5, first=True)


@row("check_faulty, 20,000 instructions, again", "under 10 ms, 0 requests")
def check_faulty_again() -> Plan:
    return _checked(rounds=9, first=False)
