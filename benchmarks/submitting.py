"""Cost of submitting circuits, in addition to encoding them."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.encoding import encode, parameterized
from benchmarks.rows import Plan, Row, counted
from benchmarks.standin import StandIn


def sampler_on(standin: StandIn) -> Any:
    from qiskit_ibm_runtime import Sampler, Session

    return Sampler(session=Session(service=standin.service(), backend="device_00"))


def _submitted(number: int, rounds: int = 5) -> Plan:
    standin = StandIn(latency=0)
    sampler = sampler_on(standin)
    stock = [parameterized(number) for _ in range(2 * rounds + 2)]
    values = [[0.1] * circuit.num_parameters for circuit in stock[0]]

    def submit() -> None:
        sampler.run(stock.pop(), values)

    def encoding() -> None:
        circuits = stock.pop()
        parameters = [list(circuit.parameters) for circuit in circuits]
        encode({"circuits": circuits, "parameters": parameters, "parameter_values": values})

    submit()  # looks at the device
    return Plan(submit, encoding, rounds, counted(standin, submit), standin.stop)


ROWS = [
    Row(
        "submit 100 circuits of 20 qubits, beside encoding them",
        "encode + 10 ms, one request",
        partial(_submitted, 100),
    ),
    Row("submit one circuit", "one request", partial(_submitted, 1)),
]
