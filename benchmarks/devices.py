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


def _on_fresh_services(call: Any, rounds: int = 5, floor: Call | None = None) -> Plan:
    """Plan a call that is the first one on its service, and count what it asked for."""
    standin = StandIn()
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


@row("backends() again", "0 requests")
def all_backends_again() -> Plan:
    return _on_a_used_service(lambda service: service.backends())


@row("least_busy(), 20 devices", "one status each, under 300 ms")
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


def _long_circuit(pairs: list[list[int]], qubits: int = 127) -> QuantumCircuit:
    circuit = QuantumCircuit(127)
    for index in range(10_000):
        circuit.sx(index % qubits)
        circuit.cx(*pairs[index % len(pairs)])
    return circuit


def _plain_pass(circuit: QuantumCircuit) -> int:
    places = {qubit: index for index, qubit in enumerate(circuit.qubits)}
    return sum(places[entry.qubits[0]] for entry in circuit.data)


def _broken() -> BackendProperties:
    """A calibration with a faulty qubit and a faulty edge that the circuit below goes around."""
    document = copy.deepcopy(snapshot("props"))
    off = {"name": "operational", "unit": "", "value": 0, "date": "2021-03-15T00:36:03Z"}
    document["qubits"][126].append(off)
    edge = next(gate for gate in document["gates"] if gate["qubits"] == [0, 1])
    edge["parameters"].append(off)
    return BackendProperties.from_dict(document)


def _around_the_faults(pairs: list[list[int]]) -> QuantumCircuit:
    return _long_circuit([p for p in pairs if 126 not in p and set(p) != {0, 1}], qubits=126)


def _checked() -> tuple[StandIn, Any, QuantumCircuit]:
    standin = StandIn(latency=0)
    backend = standin.service().backend("device_00")
    backend._properties = _broken()
    return standin, backend, _around_the_faults(backend.configuration().coupling_map)


@row("check_faulty, 20,000 instructions, first", "under 40 ms")
def check_faulty_first() -> Plan:
    standin, backend, circuit = _checked()

    def first() -> None:
        backend._faulty = None
        backend.check_faulty(circuit)

    return Plan(first, lambda: _plain_pass(circuit), close=standin.stop)


@row("check_faulty, 20,000 instructions, again", "under 10 ms, 0 requests")
def check_faulty() -> Plan:
    standin, backend, circuit = _checked()
    backend.check_faulty(circuit)

    def facts() -> dict[str, object]:
        standin.reset()
        backend.check_faulty(circuit)
        return standin.counts()

    return Plan(
        lambda: backend.check_faulty(circuit),
        lambda: _plain_pass(circuit),
        facts=facts,
        close=standin.stop,
    )
