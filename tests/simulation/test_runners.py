"""Programs other than the primitives: circuit-runner, qasm3-runner, and uploaded programs."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.result import Result
from qiskit_aer.noise import NoiseModel

from qiskit_ibm_runtime.local.programs import circuit_runner, qasm3_runner
from qiskit_ibm_runtime.local.simulation.backend import LocalBackend

from . import exact, random_circuit
from .agreement import disagreement
from .conftest import SHOTS
from .test_meaning import MADE

IDEAL = {"shots": SHOTS, "seed_simulator": 5, "noise_model": NoiseModel()}


def device(name: str = "fake_manila") -> LocalBackend:
    return LocalBackend.of(name)


def check_result(result: Result, circuits: list[QuantumCircuit]) -> None:
    for number, circuit in enumerate(circuits):
        counts = result.data(number)["counts"]
        seen = {int(key, 16): n / SHOTS for key, n in counts.items()}
        wrong = disagreement(seen, exact.distribution(circuit), SHOTS)
        assert not wrong, f"{circuit.name}: {wrong}"


@pytest.mark.parametrize(("name", "level"), [("ibmq_qasm_simulator", 0), ("fake_lagos", 3)])
def test_circuit_runner_agrees_with_the_reference(name: str, level: int) -> None:
    circuits = [build() for build in MADE] + [
        random_circuit.circuit(seed).bound for seed in range(8)
    ]

    given: dict[str, Any] = {**IDEAL, "optimization_level": level}
    result = circuit_runner.main(device(name), None, circuits=circuits, **given)

    check_result(Result.from_dict(result), circuits)


def test_result_has_the_registers_of_the_circuit() -> None:
    circuit = QuantumCircuit(
        QuantumRegister(2), ClassicalRegister(1, "low"), ClassicalRegister(2, "high")
    )
    circuit.x([0, 1])
    circuit.measure([0, 1], [0, 2])
    with circuit.if_test((circuit.cregs[1], 2)):
        circuit.x(0)
    circuit.measure(0, 1)

    result = circuit_runner.main(device(), None, circuits=[circuit], **IDEAL)

    assert Result.from_dict(result).get_counts() == {"10 1": SHOTS}
    assert set(result["results"][0]["data"]) == {"counts"}


def test_transpiler_receives_its_options() -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    options = {"scheduling_method": "alap", "initial_layout": [3, 4], "optimization_level": 0}

    result = circuit_runner.main(
        device(),
        None,
        circuits=[circuit],
        shots=SHOTS,
        seed_simulator=2,
        transpiler_options={"timing_constraints": {"acquire_alignment": 16}},
        **options,
    )

    assert Result.from_dict(result).get_counts()["00"] > 0.3 * SHOTS


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": 1}, "The transpiler option 'target' is not supported"),
        ({"initial_layout": [0]}, "initial_layout has 1 positions"),
    ],
)
def test_rejects_invalid_transpiler_options(
    bell: QuantumCircuit, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        circuit_runner.main(device(), None, circuits=[bell], transpiler_options=options)


def test_rejects_scheduling_of_control_flow() -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(0)

    with pytest.raises(ValueError, match="cannot be scheduled"):
        circuit_runner.main(device(), None, circuits=[circuit], scheduling_method="alap")


@pytest.mark.skipif(
    find_spec("qiskit_qasm3_import") is None, reason="reading OpenQASM 3 needs the importer"
)
def test_qasm3_runner_runs_control_flow() -> None:
    text = """
        OPENQASM 3.0;
        include "stdgates.inc";
        qubit[2] q;
        bit[2] c;
        x q[0];
        c[0] = measure q[0];
        if (c[0]) { x q[1]; } else { h q[1]; }
        for int i in {1, 2, 3} { x q[0]; }
        c[1] = measure q[1];
        c[0] = measure q[0];
    """

    result = qasm3_runner.main(device(), None, circuits=[text], **IDEAL)

    assert Result.from_dict(result).get_counts() == {"10": SHOTS}


# -- uploaded programs


@pytest.mark.parametrize("name", ["ibmq_qasm_simulator", "fake_manila"])
def test_backend_runs_untranspiled_circuits(name: str) -> None:
    circuits = [build() for build in MADE]

    check_result(device(name).run(circuits, **IDEAL).result(), circuits)


def test_program_transpiles_control_flow_for_its_backend() -> None:
    """
    Terra's transpiler takes control flow for a backend that lists it, at level 0 and 1 in every
    version.
    """
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    with circuit.for_loop(range(2)):
        circuit.x(0)
    circuit.measure(1, 1)
    backend = device()

    for level in (0, 1):
        fitted = transpile(circuit, backend, optimization_level=level)

        check_result(backend.run(fitted, **IDEAL).result(), [circuit])
