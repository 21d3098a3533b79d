"""What it costs to turn circuits and numbers into text and back."""

from __future__ import annotations

import base64
import io
import json
import zlib
from functools import partial
from typing import Any

import numpy as np
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter

from benchmarks.rows import Plan, row
from qiskit_ibm_runtime import RuntimeDecoder, RuntimeEncoder


def encode(value: Any) -> str:
    return json.dumps(value, cls=RuntimeEncoder)


def parameterized(number: int, qubits: int = 20, layers: int = 3) -> list[QuantumCircuit]:
    circuits = []
    for index in range(number):
        circuit = QuantumCircuit(qubits)
        for layer in range(layers):
            for qubit in range(qubits):
                circuit.ry(Parameter(f"t{index}_{layer}_{qubit}"), qubit)
            for qubit in range(qubits - 1):
                circuit.cx(qubit, qubit + 1)
        circuit.measure_all()
        circuits.append(circuit)
    return circuits


def dump(circuit: QuantumCircuit) -> bytes:
    """Write a circuit as terra does, and nothing else."""
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    return buffer.getvalue()


def encode_with_libraries(circuits: list[QuantumCircuit]) -> str:
    """Encode circuits with nothing but the libraries: the floor."""
    return json.dumps([base64.b64encode(zlib.compress(dump(each))).decode() for each in circuits])


@row("encode 100 parameterized circuits of 20 qubits", "under 200 ms", number=100)
@row("encode a circuit object that was sent before", "under 1 ms", number=1, new=False)
@row("encode the same circuit object 100 times", "one encode", number=1, times=100)
def parameterized_circuits(number: int, times: int = 1, *, new: bool = True) -> Plan:
    sent = parameterized(number)
    return Plan(
        lambda circuits: encode(circuits * times),
        encode_with_libraries,
        prepare=lambda: parameterized(number) if new else sent,
    )


@row("encode {} circuits of 127 x 1,000", "qpy.dump + 10 %, peak under 3 x bytes", sizes=(60, 300))
def wide_circuits(number: int) -> Plan:
    random = np.random.default_rng(1)
    circuits = [QuantumCircuit(127) for _ in range(number)]
    for circuit in circuits:
        qubits, angles = random.integers(0, 126, 1000).tolist(), random.random(1000).tolist()
        for qubit, angle in zip(qubits, angles):
            if angle < 0.5:
                circuit.rz(angle, qubit)
            else:
                circuit.cx(qubit, qubit + 1)
    return Plan(
        encode,
        lambda copies: [dump(circuit) for circuit in copies],
        rounds=3,
        prepare=lambda: [circuit.copy() for circuit in circuits],
        peak=number < 100,  # to trace 300 takes minutes
        facts=lambda: {"bytes": len(encode(circuits))},
    )


@row("encode {:,} float64", "under 60 ms, bytes +5 % at most", sizes=[10**6])
@row("decode {:,} float64", "under 40 ms", sizes=[10**6], back=True)
def numbers(number: int, *, back: bool = False) -> Plan:
    """Plan to encode an array or to read it back; the floor is base64 without compression."""
    array = np.random.default_rng(1).random(number)

    def store() -> str:
        buffer = io.BytesIO()
        np.save(buffer, array)
        return base64.b64encode(zlib.compress(buffer.getvalue(), 0)).decode()

    text, stored = encode(array), store()
    if not back:
        return Plan(partial(encode, array), store, facts=lambda: {"bytes": len(text)})
    return Plan(
        partial(json.loads, text, cls=RuntimeDecoder),
        lambda: np.load(io.BytesIO(zlib.decompress(base64.b64decode(stored)))),
    )
