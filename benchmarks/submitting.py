"""Cost of submitting circuits, in addition to encoding them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.encoding import encode, parameterized
from benchmarks.rows import Plan, Row
from benchmarks.standin import StandIn

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def sampler_on(standin: StandIn) -> Any:
    from qiskit_ibm_runtime import Sampler, Session

    return Sampler(session=Session(service=standin.service(), backend="device_00"))


def submitted(number: int, rounds: int = 5) -> Plan:
    standin = StandIn(latency=0)
    sampler = sampler_on(standin)
    values = [[0.1] * 60] * number

    def submit(circuits: list[QuantumCircuit]) -> None:
        sampler.run(circuits, values)

    def encoding(circuits: list[QuantumCircuit]) -> None:
        parameters = [list(circuit.parameters) for circuit in circuits]
        encode({"circuits": circuits, "parameters": parameters, "parameter_values": values})

    submit(parameterized(number))  # looks at the device
    return Plan(submit, encoding, rounds, partial(parameterized, number), standin)


ROWS = [
    Row(
        "submit 100 circuits of 20 qubits, beside encoding them",
        "encode + 10 ms, one request",
        partial(submitted, 100),
    ),
    Row("submit one circuit", "one request", partial(submitted, 1)),
]
