"""Cost of submitting circuits, in addition to encoding them."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.encoding import parameterized
from benchmarks.rows import Plan, row
from benchmarks.standin import StandIn


def sampler_on(standin: StandIn) -> Any:
    from qiskit_ibm_runtime import Sampler, Session

    return Sampler(session=Session(service=standin.service(), backend="device_00"))


def _submitted(number: int) -> Plan:
    from qiskit_ibm_runtime import RuntimeEncoder

    rounds = 5
    standin = StandIn(latency=0)
    sampler = sampler_on(standin)
    stock = [parameterized(number) for _ in range(2 * rounds + 2)]
    values = [[0.1] * circuit.num_parameters for circuit in stock[0]]

    def submit() -> None:
        sampler.run(stock.pop(), values)

    def encode() -> None:
        circuits = stock.pop()
        parameters = [list(circuit.parameters) for circuit in circuits]
        inputs = {"circuits": circuits, "parameters": parameters, "parameter_values": values}
        json.dumps(inputs, cls=RuntimeEncoder)

    def facts() -> dict[str, object]:
        standin.reset()
        submit()
        return standin.counts()

    submit()  # looks at the device
    return Plan(submit, encode, rounds, facts=facts, close=standin.stop)


@row("submit 100 circuits of 20 qubits, beside encoding them", "encode + 10 ms, one request")
def hundred() -> Plan:
    return _submitted(100)


@row("submit one circuit", "one request")
def single() -> Plan:
    return _submitted(1)
