"""What it costs to turn circuits and numbers into text and back."""

from __future__ import annotations

import base64
import io
import json
import zlib
from functools import cache, partial

import numpy as np
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter

from benchmarks.rows import Plan, Row, peak_of
from qiskit_ibm_runtime.utils.json import RuntimeDecoder, RuntimeEncoder


def encode(value: object) -> str:
    return json.dumps(value, cls=RuntimeEncoder)


def tight(circuits: list[QuantumCircuit]) -> str:
    """Encode with nothing but the libraries: the floor of encoding."""
    texts = []
    for circuit in circuits:
        buffer = io.BytesIO()
        qpy.dump(circuit, buffer)
        texts.append(base64.b64encode(zlib.compress(buffer.getvalue())).decode())
    return json.dumps(texts)


def dumped(circuits: list[QuantumCircuit]) -> None:
    """Write circuits as terra does, and nothing else."""
    for circuit in circuits:
        qpy.dump(circuit, io.BytesIO())


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


NUMBERS = np.random.default_rng(1).random(1_000_000)


@cache
def wide(number: int = 300, qubits: int = 127, gates: int = 1000) -> tuple[QuantumCircuit, ...]:
    random = np.random.default_rng(1)
    circuits = []
    for _ in range(number):
        circuit = QuantumCircuit(qubits)
        for qubit, angle in zip(
            random.integers(0, qubits - 1, gates).tolist(), random.random(gates).tolist()
        ):
            if angle < 0.5:
                circuit.rz(angle, qubit)
            else:
                circuit.cx(qubit, qubit + 1)
        circuits.append(circuit)
    return tuple(circuits)


def stored(array: np.ndarray) -> str:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return base64.b64encode(zlib.compress(buffer.getvalue(), 0)).decode()


def _wide_copies(number: int = 300) -> list[QuantumCircuit]:
    return [circuit.copy() for circuit in wide()[:number]]


def _peak() -> dict[str, object]:
    sixty = _wide_copies(60)
    peak, text = peak_of(lambda: encode(sixty))
    return {"peak_over_bytes_of_60": round(peak / len(text), 2)}


def _again() -> Plan:
    circuit = parameterized(1)
    encode(circuit)
    return Plan(lambda: encode(circuit), lambda: tight(circuit))


def _floats_back() -> Plan:
    text, plain = encode(NUMBERS), stored(NUMBERS)
    return Plan(
        lambda: json.loads(text, cls=RuntimeDecoder),
        lambda: np.load(io.BytesIO(zlib.decompress(base64.b64decode(plain)))),
    )


ROWS = [
    Row(
        "encode 100 parameterized circuits of 20 qubits",
        "under 200 ms",
        lambda: Plan(encode, tight, 5, partial(parameterized, 100)),
    ),
    Row("encode a circuit object that was sent before", "under 1 ms", _again),
    Row(
        "encode the same circuit object 100 times",
        "one encode",
        lambda: Plan(lambda one: encode(one * 100), tight, prepare=partial(parameterized, 1)),
    ),
    Row(
        "encode 300 circuits of 127 qubits x 1,000 gates",
        "qpy.dump + 10 %, peak < 3 x bytes",
        lambda: Plan(encode, dumped, 3, _wide_copies, facts=_peak),
    ),
    Row(
        "encode 10^6 float64",
        "under 60 ms, bytes +5 % at most",
        lambda: Plan(
            partial(encode, NUMBERS),
            partial(stored, NUMBERS),
            facts=lambda: {"bytes": len(encode(NUMBERS))},
        ),
    ),
    Row("decode 10^6 float64", "under 40 ms", _floats_back),
]
