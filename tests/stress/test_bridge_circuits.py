"""Random circuits keep their meaning when sent through the bridge.

Qiskit 2 decodes and validates them with IBM's published schemas, in the Python named by
``BRIDGE_READER`` (see ``nox -s bridge``). The results are compared exactly.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Parameter, ParameterVector
from qiskit.circuit.library import IGate
from qiskit.quantum_info import SparsePauliOp
from tests.stress.branches import Branches

from qiskit_ibm_runtime._circuits.dataflow import free_parameters
from qiskit_ibm_runtime._platform import executor, primitives
from qiskit_ibm_runtime._platform.backend_documents import v1_configuration, v1_properties
from qiskit_ibm_runtime._platform.device import Device
from qiskit_ibm_runtime._platform.results import to_v1
from qiskit_ibm_runtime._platform.workload import read_workload
from qiskit_ibm_runtime._primitives.sent_inputs import as_sent

CIRCUITS = int(os.environ.get("BRIDGE_CIRCUITS", "500"))
EXACT = 1e-7
SHOTS = 4000
ROWS = 2
READER = os.environ.get("BRIDGE_READER")

pytestmark = pytest.mark.skipif(not READER, reason="BRIDGE_READER names no Python with Qiskit 2")


def document(qubits: int, two: str, edges: list[list[int]]) -> tuple[Any, Any]:
    """Return a device's configuration and properties as the platform sends them."""
    date = "2026-11-29T00:00:00Z"
    single = [[qubit] for qubit in range(qubits)]
    gates: list[dict[str, Any]] = [
        {"name": name, "parameters": [], "coupling_map": single} for name in ("id", "sx", "x")
    ]
    gates.append({"name": "rz", "parameters": ["theta"], "coupling_map": single})
    gates.append({"name": two, "parameters": [], "coupling_map": edges})
    gates.append({"name": "rzz", "parameters": ["theta"], "coupling_map": edges})
    configuration = {
        "backend_name": "ibm_somewhere",
        "backend_version": "1.0.0",
        "n_qubits": qubits,
        "basis_gates": [two, "id", "rz", "sx", "x", "rx", "rzz"],
        "gates": gates,
        "coupling_map": edges,
        "simulator": False,
        "dt": 4.0,
        "timing_constraints": {"acquire_alignment": 2, "pulse_alignment": 1},
        "supported_instructions": ["if_else", "measure_2", "reset", "delay", "measure", "rx"],
    }

    def value(name: str, number: float, unit: str = "") -> dict[str, Any]:
        return {"date": date, "name": name, "unit": unit, "value": number}

    properties = {
        "last_update_date": date,
        "qubits": [
            [value("T1", 200.0, "us"), value("T2", 90.0, "us"), value("readout_error", 0.01)]
            for _ in single
        ],
        "gates": [
            {
                "gate": name,
                "qubits": place,
                "parameters": [value("gate_error", 1e-3), value("gate_length", 60.0, "ns")],
            }
            for name, places in (("sx", single), ("x", single), ("rz", single), (two, edges))
            for place in places
        ],
    }
    return configuration, properties


def devices() -> list[tuple[Device, dict[str, Any]]]:
    found = []
    line = [[n, n + 1] for n in range(4)]
    ring = [[n, (n + 1) % 7] for n in range(7)]
    wide = [[n, n + 1] for n in range(155)] + [[n, n + 12] for n in range(0, 144, 16)]
    for qubits, two, edges in (
        (5, "cz", line),
        (7, "ecr", ring),
        (5, "cx", line),
        (156, "cz", wide),
    ):
        there = edges if two == "ecr" else edges + [[b, a] for a, b in edges]
        configuration, properties = document(qubits, two, there)
        name = "ibm_somewhere"
        device = Device(
            name, v1_configuration(name, configuration), v1_properties(name, properties)
        )
        target = {"qubits": qubits, "gates": [two, "rz", "sx", "x"], "edges": there}
        found.append((device, target))
    return found


class Reader:
    """The other Python, running as a server."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("bridge_reader.py")
        self._process = subprocess.Popen(
            [str(READER), str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, program: str, params: Any, target: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        body = {"program_id": program, "backend": "ibm_somewhere", "params": params}
        self._process.stdin.write(json.dumps({"body": body, "target": target}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["found"]

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def reader() -> Any:
    made = Reader()
    yield made
    made.close()


@pytest.fixture(scope="module")
def everywhere() -> Any:
    return devices()


def anything(random: np.random.Generator, *, measured: bool) -> QuantumCircuit:
    """Return a random circuit of up to four qubits with any instruction that V2 jobs allow."""
    qubits = int(random.integers(1, 5))
    circuit = QuantumCircuit(name="anything")
    split = int(random.integers(0, qubits + 1))
    for size, name in ((split, "a b"), (qubits - split, "q")):
        if size:
            circuit.add_register(QuantumRegister(size, name.replace(" ", "_")))
    if measured:
        _add_clbits(circuit, random, qubits)
    vector, single = ParameterVector("v", 2), Parameter("x")
    parameters = [*vector, single] if random.random() < 0.6 else []
    length = int(random.integers(1, 14))
    for _ in range(length):
        _add_gate(circuit, random, parameters)
        if measured and random.random() < 0.25:
            _add_dynamic(circuit, random, parameters)
    if measured:
        order = random.permutation(qubits)
        for qubit in order[: int(random.integers(1, qubits + 1))]:
            circuit.measure(int(qubit), int(random.integers(circuit.num_clbits)))
    return circuit


def _add_clbits(circuit: QuantumCircuit, random: np.random.Generator, qubits: int) -> None:
    first = ClassicalRegister(int(random.integers(1, 3)), "meas_2")
    circuit.add_register(first)
    for kind in random.permutation(3)[: int(random.integers(0, 3))]:
        if kind == 0:
            circuit.add_bits([Clbit()])
        elif kind == 1:
            circuit.add_register(ClassicalRegister(2, "c"))
        elif random.random() < 0.3:
            circuit.add_register(ClassicalRegister(name="shared", bits=[first[0]]))


def _angle(random: np.random.Generator, parameters: list[Any]) -> Any:
    if not parameters or random.random() < 0.4:
        return float(random.choice([np.pi / 2, np.pi, 0.0, random.uniform(-7, 7)]))
    one, other = random.choice(len(parameters), 2)
    kind = random.integers(4)
    if kind == 0:
        return parameters[one]
    if kind == 1:
        return 2 * parameters[one] - 0.5
    if kind == 2:
        return parameters[one] + parameters[other] / 3
    return parameters[one] * parameters[other]


def _add_gate(circuit: QuantumCircuit, random: np.random.Generator, parameters: list[Any]) -> None:
    count = circuit.num_qubits
    places = [int(place) for place in random.permutation(count)]
    kind = int(random.integers(16))
    angle = _angle(random, parameters)
    if kind < 8:
        names = ["h", "x", "sx", "sdg", "t", "id", "y", "z"]
        getattr(circuit, names[kind])(places[0])
    elif kind == 8:
        getattr(circuit, str(random.choice(["rx", "ry", "rz", "p"])))(angle, places[0])
    elif kind == 9:
        circuit.barrier()
    elif kind == 10:
        circuit.delay(int(random.integers(1, 9)) * 100, places[0], "ns")
    elif count > 1 and kind == 11:
        getattr(circuit, str(random.choice(["cx", "cz", "swap", "ecr"])))(*places[:2])
    elif count > 1 and kind == 12:
        getattr(circuit, str(random.choice(["cp", "rzz", "crx"])))(angle, *places[:2])
    elif count > 2 and kind == 13:
        circuit.ccx(*places[:3])
    elif kind == 14:
        inner = QuantumCircuit(1, name="mine", global_phase=0.3)
        inner.ry(angle, 0)
        circuit.append(inner.to_gate(), [places[0]])
    elif kind == 15:
        circuit.u(angle, 0.3, _angle(random, parameters), places[0])


def _add_dynamic(
    circuit: QuantumCircuit, random: np.random.Generator, parameters: list[Any]
) -> None:
    qubit = int(random.integers(circuit.num_qubits))
    bit = int(random.integers(circuit.num_clbits))
    kind = int(random.integers(5))
    if kind == 0:
        circuit.reset(qubit)
    elif kind == 1:
        circuit.measure(qubit, bit)
    elif kind == 2:
        circuit.x(qubit).c_if(circuit.clbits[bit], int(random.integers(2)))
    elif kind == 3:
        register = circuit.cregs[int(random.integers(len(circuit.cregs)))]
        value = int(random.integers(2**register.size))
        circuit.ry(_angle(random, parameters), qubit).c_if(register, value)
    else:
        owned = [register for register in circuit.cregs if register.name != "shared"]
        shared = len(owned) < len(circuit.cregs)
        target: Any = circuit.clbits[bit] if shared else owned[int(random.integers(len(owned)))]
        with circuit.if_test((target, int(random.integers(2)))) as otherwise:
            circuit.h(qubit)
            with circuit.if_test((circuit.clbits[bit], 1)):
                circuit.rz(_angle(random, parameters), qubit)
                circuit.measure(qubit, bit)
        if random.random() < 0.5:
            with otherwise:
                circuit.sx(qubit)


def bound(circuit: QuantumCircuit, row: Any) -> QuantumCircuit:
    names = free_parameters(circuit)
    return circuit.assign_parameters(dict(zip(names, row))) if len(names) else circuit


def inputs_of(circuit: QuantumCircuit, rows: Any, level: int, **more: Any) -> dict[str, Any]:
    count = len(rows)
    return {
        "circuits": [circuit] * count,
        "circuit_indices": list(range(count)),
        "parameters": [free_parameters(circuit)] * count,
        "parameter_values": [tuple(map(float, row)) for row in rows],
        "transpilation_settings": {"optimization_settings": {"level": level}},
        "resilience_settings": {"level": more.pop("resilience", 0)},
        "run_options": {"shots": SHOTS, "init_qubits": True},
        **more,
    }


def near(one: dict[str, float], other: dict[str, float]) -> bool:
    return all(abs(one.get(k, 0.0) - other.get(k, 0.0)) < EXACT for k in {*one, *other})


def to_user_bits(facts: dict[str, Any], chances: dict[str, float]) -> dict[str, float]:
    """Map a distribution over the platform's bits to the user's bits."""
    found: dict[str, float] = {}
    for key, chance in chances.items():
        bits = key[::-1]
        mine = "".join(bits[place] for place in facts.get("bits", range(len(bits))))[::-1]
        found[mine] = found.get(mine, 0.0) + chance
    return found


def drawn(random: np.random.Generator, row: dict[str, Any], shots: int) -> dict[str, Any]:
    keys = list(row["chances"])
    weights = np.array([row["chances"][key] for key in keys])
    counts = random.multinomial(shots, weights / weights.sum())
    bits = np.array([list(map(int, key[::-1])) for key in keys], dtype=np.uint8)
    return np.repeat(bits, counts, axis=0)  # type: ignore[return-value]


def executor_answer(random: np.random.Generator, params: dict[str, Any], found: list[Any]) -> str:
    """Return the result of an executor job with outcomes drawn from exact distributions."""
    import base64
    import zlib

    program = params["quantum_program"]
    data = []
    for item, rows in zip(program["items"], found):
        results = {}
        start = 0
        all_bits: Any = np.stack([drawn(random, row, program["shots"]) for row in rows])  # type: ignore[misc]
        for name, size in rows[0]["registers"]:
            bits = all_bits[..., start : start + size]
            start += size
            shape = [*item["shape"], *bits.shape[1:]]
            raw = np.packbits(bits.reshape(-1), bitorder="little").tobytes()
            text = base64.b64encode(zlib.compress(raw)).decode()
            results[name] = {"data": text, "shape": shape, "dtype": "bool"}
        data.append({"results": results, "metadata": {}})
    answer = {"schema_version": "v2.0", "data": data, "metadata": {"chunk_timing": []}}
    return json.dumps({**answer, "passthrough_data": program["passthrough_data"]})


@pytest.mark.parametrize("encoding", ["qpy", "qasm3"])
def test_sampled_circuits_have_the_same_distribution(
    encoding: str, reader: Reader, everywhere: Any
) -> None:
    random = np.random.default_rng(1)
    wrong = []
    for number in range(CIRCUITS):
        circuit = anything(random, measured=True)
        rows = random.uniform(-3, 3, (ROWS, len(free_parameters(circuit))))
        device, target = everywhere[number % len(everywhere) if number % 40 else 0]
        level = int(random.integers(4))
        inputs = as_sent("sampler", inputs_of(circuit, rows, level))
        work = read_workload("sampler", inputs, device)
        params, recipe = primitives.build_params(work, encoding)
        found = reader("sampler", params, target)
        for facts, answers in zip(recipe.pubs, found):
            for run, answer in zip(facts["runs"], answers):
                expected = Branches(bound(circuit, rows[run])).distribution()
                if not near(to_user_bits(facts, answer["chances"]), expected):
                    wrong.append((number, level, target["gates"], circuit, answer, expected))
    assert not wrong, (len(wrong), wrong[0])


@pytest.mark.parametrize("encoding", ["qpy", "qasm3"])
def test_estimated_circuits_have_the_same_values(
    encoding: str, reader: Reader, everywhere: Any
) -> None:
    random = np.random.default_rng(2)
    wrong = []
    for number in range(CIRCUITS):
        circuit = anything(random, measured=False)
        rows = random.uniform(-3, 3, (ROWS, len(free_parameters(circuit))))
        labels = ["".join(random.choice(list("IXYZ"), circuit.num_qubits)) for _ in range(3)]
        observable = SparsePauliOp(labels, random.uniform(-1, 1, 3))
        device, target = everywhere[number % len(everywhere)]
        level = int(random.integers(4))
        more = {"observables": [observable] * ROWS, "observable_indices": list(range(ROWS))}
        inputs = as_sent("estimator", inputs_of(circuit, rows, level, **more))
        work = read_workload("estimator", inputs, device)
        params, recipe = primitives.build_params(work, encoding)
        found = reader("estimator", params, target)
        for facts, answers in zip(recipe.pubs, found):
            for run, answer in zip(facts["runs"], answers):
                branches = Branches(_with_all_qubits(bound(circuit, rows[run])))
                expected = sum(
                    c.real * branches.expectation(dict(enumerate(label[::-1])))
                    for label, c in zip(observable.paulis.to_labels(), observable.coeffs)
                )
                if abs(answer - expected) > EXACT:
                    wrong.append((number, level, target["gates"], circuit, answer, expected))
    assert not wrong, (len(wrong), wrong[0])


@pytest.mark.parametrize("encoding", ["qpy", "qasm3"])
@pytest.mark.parametrize("program", ["sampler", "estimator"])
def test_executor_results_agree_within_shot_noise(
    program: str, encoding: str, reader: Reader, everywhere: Any
) -> None:
    random = np.random.default_rng(3)
    wrong = []
    for number in range(CIRCUITS // 10):
        circuit = anything(random, measured=program == "sampler")
        rows = random.uniform(-3, 3, (ROWS, len(free_parameters(circuit))))
        device, target = everywhere[number % 3]
        more: dict[str, Any] = {}
        labels = ["".join(random.choice(list("IXYZ"), circuit.num_qubits)) for _ in range(3)]
        observable = SparsePauliOp(labels, [0.5, 0.5j, 0.25])
        if program == "estimator":
            more = {"observables": [observable] * ROWS, "observable_indices": list(range(ROWS))}
            more["resilience"] = number % 2
        inputs = as_sent(program, inputs_of(circuit, rows, 1, **more))
        work = read_workload(program, inputs, device)
        params, _ = executor.build_params(work, encoding)
        found = reader("executor", params, target)
        answer = json.loads(to_v1(executor_answer(random, params, found), None))
        for run in range(ROWS):
            one = _with_all_qubits(bound(circuit, rows[run]))
            branches = Branches(one)
            # Six standard errors, with readout scales of 1.
            if program == "sampler":
                expected = branches.distribution()
                dist = answer["quasi_dists"][run]
                fits = all(
                    abs(dist.get(key, 0) - expected.get(key, 0)) < 6 * 0.5 / SHOTS**0.5
                    for key in {*dist, *expected}
                )
            else:
                value = answer["values"][run]
                if isinstance(value, dict):
                    value = complex(*value["__value__"])
                expected = sum(  # type: ignore[assignment]
                    c * branches.expectation(dict(enumerate(label[::-1])))
                    for label, c in zip(observable.paulis.to_labels(), observable.coeffs)
                )
                fits = abs(value - expected) < 6 * 1.25 / SHOTS**0.5
            if not fits:
                wrong.append((number, circuit, answer, expected))
    assert not wrong, (len(wrong), wrong[0])


def _with_all_qubits(circuit: QuantumCircuit) -> QuantumCircuit:
    """Return the circuit with an instruction on each qubit, so that each is mapped."""
    made = circuit.copy()
    made.data = []
    for qubit in circuit.qubits:
        made.append(IGate(), [qubit])
    for item in circuit.data:
        made.append(item.operation, item.qubits, item.clbits)
    return made
