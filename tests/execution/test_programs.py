"""Built-in programs: inputs and results, against the wire format and exact values."""

from __future__ import annotations

import json
import math
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp, Statevector, random_unitary

from qiskit_ibm_runtime._codecs import limits
from qiskit_ibm_runtime._codecs.decoding import LONG
from qiskit_ibm_runtime.local.execution import inputs as job_inputs
from qiskit_ibm_runtime.local.execution import job
from qiskit_ibm_runtime.utils.runner_result import RunnerResult

from .conftest import FailedError, run_here, work

SHOTS = 4000
FIVE_SIGMA = 5 * math.sqrt(0.25 / SHOTS)  # of a probability at its worst, one half
SEED = {"shots": SHOTS, "seed_simulator": 7}


def mixed() -> QuantumCircuit:
    """Return a circuit on three qubits whose state has no symmetries."""
    circuit = QuantumCircuit(3)
    for qubit in range(3):
        circuit.ry(0.4 + qubit, qubit)
        circuit.rz(1.1 * qubit, qubit)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.ry(0.3, 2)
    return circuit


# -- sampler


@pytest.mark.parametrize(
    "backend", ["ibmq_qasm_simulator", "simulator_statevector", "simulator_mps"]
)
def test_samples_agree_with_the_statevector(backend: str) -> None:
    circuit = mixed()
    exact = Statevector(circuit).probabilities()
    circuit.measure_all()

    result = run_here("sampler", backend, circuits=[circuit], run_options=SEED)

    seen = [result["quasi_dists"][0].get(format(key, "03b"), 0) for key in range(8)]
    assert np.abs(np.array(seen) - exact).max() < FIVE_SIGMA
    assert result["metadata"] == [{"header_metadata": {}, "shots": SHOTS}]


def test_keys_are_bit_strings_over_all_registers() -> None:
    circuit = QuantumCircuit(
        QuantumRegister(2), ClassicalRegister(1, "low"), ClassicalRegister(9, "high")
    )
    circuit.x(1)
    circuit.measure([0, 1], [0, 9])

    assert run_here("sampler", circuits=[circuit])["quasi_dists"] == [{"1000000000": 1.0}]


def test_result_includes_metadata_of_the_circuit(bell: QuantumCircuit) -> None:
    bell.metadata = {"mine": [1, 2]}

    metadata = run_here("sampler", circuits=[bell])["metadata"][0]

    assert metadata["header_metadata"] == {"mine": [1, 2]}


def test_legacy_indices_select_circuits_and_values() -> None:
    angle = Parameter("angle")
    turned = QuantumCircuit(1)
    turned.rx(angle, 0)
    turned.measure_all()
    still = QuantumCircuit(1)
    still.measure_all()

    dists = run_here(
        "sampler",
        circuits=[turned, still],
        parameters=[[angle], []],
        circuit_indices=[1, 0, 0],
        parameter_values=[[], [math.pi], [0.0]],
    )["quasi_dists"]

    assert dists == [{"0": 1.0}, {"1": 1.0}, {"0": 1.0}]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"parameter_values": [[1.0]]}, "has 0 parameters, but 1 values were given"),
        ({"circuit_indices": [3]}, "Circuit index 3 is out of range"),
        ({"circuit_indices": [0, 0], "parameter_values": [[]]}, "each of 2 circuits, not 1"),
        ({"run_options": {"shots": 0}}, "must be a positive integer"),
        ({"run_options": {"shots": 10**9}}, "is limited to"),
        ({"resilience_settings": {"level": 2}}, "Unknown resilience level 2"),
    ],
)
def test_rejects_invalid_inputs(bell: QuantumCircuit, inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(FailedError, match=message):
        run_here("sampler", circuits=[bell], **inputs)


def test_probabilities_without_shots_are_exact() -> None:
    circuit = mixed()
    exact = Statevector(circuit).probabilities()
    circuit.measure_all()

    result = run_here("sampler", circuits=[circuit], run_options={"shots": None})

    seen = [result["quasi_dists"][0].get(format(key, "03b"), 0) for key in range(8)]
    assert seen == pytest.approx(exact, abs=1e-9)
    assert result["metadata"][0]["shots"] is None


def test_random_circuit_without_shots_is_sampled() -> None:
    circuit = QuantumCircuit(1, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.h(0)
    circuit.measure(0, 1)

    result = run_here("sampler", circuits=[circuit], run_options={"shots": None})

    assert result["metadata"][0]["shots"] == 4000
    assert len(result["quasi_dists"][0]) == 4


def test_runs_circuit_with_control_flow(bell: QuantumCircuit) -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)

    assert set(run_here("sampler", circuits=[circuit])["quasi_dists"][0]) == {"00", "11"}


# -- circuit-runner, qasm3-runner, hello-world


def test_circuit_runner_result_can_be_decoded(bell: QuantumCircuit) -> None:
    text = run_here(
        "circuit-runner", decode=False, circuits=[bell, bell], shots=500, seed_simulator=3
    )

    result = RunnerResult.from_dict(text)
    assert result.success
    assert result.backend_name
    counts = result.get_counts(1)
    assert sum(counts.values()) == 500
    assert set(counts) == {"00", "11"}


def test_circuit_runner_uses_transpiler_options() -> None:
    circuit = QuantumCircuit(2)
    circuit.x(0)
    circuit.measure_all()

    text = run_here(
        "circuit-runner",
        "fake_manila",
        decode=False,
        circuits=circuit,
        initial_layout=[3, 4],
        optimization_level=0,
        transpiler_options={"seed_transpiler": 1},
        measurement_error_mitigation=True,
        shots=4000,
        seed_simulator=5,
    )

    result = RunnerResult.from_dict(text)
    raw = result.get_counts(0)
    corrected = result.get_quasiprobabilities(0)
    mapping = text["results"][0]["header"]["final_measurement_mapping"]
    assert mapping == {"0": 3, "1": 4}
    assert abs(corrected[1] - 1) < abs(raw["01"] / 4000 - 1)


@pytest.mark.skipif(
    find_spec("qiskit_qasm3_import") is None,
    reason="qiskit-qasm3-import, of the extra `local`, is not installed",
)
@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")  # the parser, of its own parts
def test_qasm3_runner_reads_strings() -> None:
    text = (
        'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c;'
        "h q[0]; cx q[0], q[1]; c = measure q;"
    )

    result = RunnerResult.from_dict(
        run_here("qasm3-runner", decode=False, circuits=[text], run_config={"shots": 200})
    )

    assert sum(result.get_counts(0).values()) == 200
    assert set(result.get_counts(0)) <= {"00", "11"}
    with pytest.raises(FailedError, match="OpenQASM"):
        run_here("qasm3-runner", circuits="OPENQASM 3.0; gate?")


def test_hello_world() -> None:
    published: list[str] = []

    kind, text = job.run(work("hello-world", {"iterations": 3}), published.append)

    assert (kind, json.loads(text)) == ("result", "Hello, World!")
    messages = [json.loads(message) for message in published]
    assert [message["iteration"] for message in messages] == [0, 1, 2]
    assert all(len(key) == 5 for message in messages for key in message["counts"])


def test_reports_unknown_program_by_name() -> None:
    with pytest.raises(FailedError, match="Unknown program 'nope'"):
        run_here("nope")


def test_caches_circuits_unmodified_between_jobs() -> None:
    """
    The second run of each program uses the cached circuit of the first, with the same result.
    """
    circuit = QuantumCircuit(2, 2, name="kept", metadata={"a": 1})
    circuit.ry(0.4, 0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    options: dict[str, Any] = {"seed_simulator": 3, "shots": 100}
    results = [
        [
            run_here("sampler", circuits=[circuit], run_options=options),
            run_here(
                "estimator",
                circuits=[circuit],
                observables=[SparsePauliOp("XX")],
                resilience_settings={"level": 2},
                run_options=options,
            ),
            run_here("circuit-runner", circuits=[circuit], **options)["results"][0]["data"],
        ]
        for _ in range(2)
    ]

    assert results[0] == results[1]


def test_tells_long_circuits_of_different_jobs_apart() -> None:
    """
    Long texts are cut out of a payload before it is parsed; each circuit is long by its unitary.
    """
    found = []
    for flips in (0, 1):
        circuit = QuantumCircuit(8, 1)
        for _ in range(flips):
            circuit.x(7)
        circuit.unitary(random_unitary(2**7, seed=flips), range(7))
        circuit.measure(7, 0)
        inputs = work("sampler", {"circuits": [circuit], "run_options": {"shots": 10}})
        assert len(inputs["params"]) > LONG
        kind, text = job.run(inputs, print)
        assert kind == "result", text
        found.append(json.loads(text)["quasi_dists"])

    assert found == [[{"0": 1.0}], [{"1": 1.0}]]


def test_circuit_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_inputs, "MOST_CIRCUITS", 2)
    monkeypatch.setattr(job_inputs, "kept", {})

    for angle in range(4):
        circuit = QuantumCircuit(1, 1)
        circuit.ry(angle, 0)
        circuit.measure(0, 0)
        run_here("sampler", circuits=[circuit], run_options={"shots": 1})

    assert len(job_inputs.kept) == 2


def test_circuits_decoded_on_first_use_share_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_inputs, "kept", {})
    monkeypatch.setattr(limits, "STEPS", 30)
    circuits = []
    for angle in range(10):
        circuits.append(QuantumCircuit(1, 1))
        circuits[-1].ry(angle, 0)
        circuits[-1].measure(0, 0)

    run_here("sampler", circuits=circuits[:2], run_options={"shots": 1})
    with pytest.raises(FailedError, match="limit of 30 steps"):
        run_here("sampler", circuits=circuits, run_options={"shots": 1})
