"""What calls of the service cost, on a stand-in that answers after 50 ms."""

from __future__ import annotations

import json
from functools import partial
from operator import methodcaller
from typing import Any

import requests
from qiskit import QuantumCircuit
from qiskit.providers.models import QasmBackendConfiguration

from benchmarks.encoding import encode, parameterized
from benchmarks.rows import Call, Plan, row
from benchmarks.standin import StandIn, properties, snapshot

PLAIN = requests.Session()
PLAIN.trust_env = False
BACKENDS, LEAST_BUSY = methodcaller("backends"), methodcaller("least_busy")
FILTERED = methodcaller("backends", filters=lambda backend: hasattr(backend, "no_such_field"))


def target(service: Any) -> Any:
    return service.backend("device_00").target


@row("start, 20 projects", "4 dependent, under 320 ms", projects=20)
@row("start, 5 projects, TLS", "3 to 4 connections, under 700 ms", projects=5, handshake=0.1)
@row("start, cloud", "under 120 ms", channel="ibm_cloud")
def start(channel: str = "ibm_quantum", **setting: Any) -> Plan:
    standin = StandIn(**setting)
    return Plan(partial(standin.service, channel), rounds=5, standin=standin)


def decoded_by_terra(_: object) -> Any:
    return QasmBackendConfiguration.from_dict(snapshot("conf")), properties()


@row("backends(), {} devices", "20 under 300 ms", (1, 5, 20, 100, 400), call=BACKENDS)
@row("least_busy(), 20 devices, first", "under 300 ms", call=LEAST_BUSY)
@row("backend.target, first", "under 1,000 ms", call=target, floor=decoded_by_terra)
def first(devices: int = 20, *, call: Call, floor: Call | None = None) -> Plan:
    """Plan a call that is the first one on its service."""
    standin = StandIn(devices=devices)
    return Plan(call, floor, 3, standin.service, standin, peak=True)


@row("backends() again", "0 requests", call=BACKENDS)
@row("least_busy() again", "one status each", call=LEAST_BUSY)
@row("backends(filters=…) on a missing field", "under 5 ms", call=FILTERED)
@row("backend.target again", "under 1 ms", call=target)
def again(call: Call) -> Plan:
    """Plan a call that was made before on its service, which has 20 devices."""
    standin = StandIn()
    service = standin.service()
    call(service)
    return Plan(partial(call, service), standin=standin)


@row("check_faulty of 20,000 instructions, first", "under 40 ms", new=True)
@row("check_faulty of another circuit", "under 10 ms", new=False)
def check_faulty(*, new: bool) -> Plan:
    """Plan checks of new circuits, by a new device or by one that has checked others."""
    standin = StandIn(latency=0)
    circuit = QuantumCircuit(127)

    def faulty() -> Any:
        """Return a device on which qubit 126 and a gate do not work."""
        backend = standin.service().backend("device_00")
        calibration = backend.properties()
        for part in (calibration._qubits[126], calibration._gates["cx"][0, 1]):
            part["operational"] = (0, None)
        return backend

    backend = faulty()
    pairs = [pair for pair in backend.coupling_map if 126 not in pair and set(pair) != {0, 1}]
    for index in range(10_000):
        circuit.sx(index % 126)
        circuit.cx(*pairs[index % len(pairs)])
    backend.check_faulty(circuit)

    def check(given: tuple[Any, QuantumCircuit]) -> None:
        given[0].check_faulty(given[1])

    def one_pass(_: object) -> int:
        places = {qubit: index for index, qubit in enumerate(circuit.qubits)}
        return sum(places[entry.qubits[0]] for entry in circuit.data)

    return Plan(
        check,
        one_pass,
        prepare=lambda: (faulty() if new else backend, circuit.copy()),
        standin=standin,
    )


@row("jobs(limit={:,}), 1 kB of inputs each", "linear", (10, 100, 1000, 10_000), inputs=10**3)
@row("jobs(limit=500), 10 kB of inputs each", "under 400 ms", inputs=10**4)
@row("jobs(limit=500), 100 kB of inputs each", "the pages themselves", inputs=10**5)
def jobs(number: int = 500, *, inputs: int) -> Plan:
    """Plan a listing of jobs; the floor parses the same pages."""
    standin = StandIn(inputs=inputs)
    service = standin.service()

    def pages() -> None:
        for offset in range(0, number, 200):
            PLAIN.get(f"{standin.url}/runtime/jobs?limit={number - offset}&offset={offset}").json()

    service.jobs(limit=number)
    return Plan(partial(service.jobs, limit=number), pages, 5, standin=standin, peak=True)


def sampler_on(standin: StandIn) -> Any:
    from qiskit_ibm_runtime import Sampler, Session

    return Sampler(session=Session(service=standin.service(), backend="device_00"))


@row("submit {:,} circuits of 20 qubits", "encoding + 10 ms, 1 request", (1, 10, 100, 1000))
def submit(number: int) -> Plan:
    """Plan a run of circuits with 60 parameters each; the floor only encodes them."""
    standin = StandIn(latency=0)
    sampler, values = sampler_on(standin), [[0.1] * 60] * number

    def run(circuits: list[QuantumCircuit]) -> None:
        sampler.run(circuits, values)

    def encoded(circuits: list[QuantumCircuit]) -> None:
        parameters = [list(circuit.parameters) for circuit in circuits]
        encode({"circuits": circuits, "parameters": parameters, "parameter_values": values})

    run(parameterized(number))  # looks at the device
    return Plan(run, encoded, 3, partial(parameterized, number), standin, peak=True)


PEAK = "one parse, peak under 2.5 x payload"
SIZES = (10**5, 10**6, 10**7, 4 * 10**7, 10**8)  # 500 MB of distributions need 2 GB


@row("job(id).result() of {:,} bytes, 50 ms", "2 requests", [1000], kind="text", latency=0.05)
@row("distributions of {:,} bytes", PEAK, SIZES, kind="quasi")
@row("an array of {:,} bytes", PEAK, sizes=[4 * 10**7], kind="array")
@row("a string of {:,} bytes", PEAK, (1000, *SIZES, 5 * 10**8), kind="text")
def result(size: int, *, kind: str, latency: float = 0) -> Plan:
    """Plan a look-up of a job that ended, and of its result; the floor is one parse."""
    standin = StandIn(latency=latency, result=f"{kind} {size}")
    service, url = standin.service(), f"{standin.url}/runtime/jobs/job0/results"
    return Plan(
        lambda: service.job("job0").result(),
        lambda: json.loads(PLAIN.get(url).content),
        rounds=3,
        standin=standin,
        peak=True,
    )
