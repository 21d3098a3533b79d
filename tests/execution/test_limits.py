"""Limits on the size of circuits and on the gates of a simulator."""

from __future__ import annotations

from typing import Any

import pytest
import qiskit_aer
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error, thermal_relaxation_error

from qiskit_ibm_runtime.local.devices import catalog, sizes
from qiskit_ibm_runtime.local.execution import job

from .conftest import FailedError, run_here, work

GIB = 2**30


@pytest.fixture(autouse=True)
def four_gib(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make results independent of the memory of the machine."""
    monkeypatch.setattr(catalog, "memory", lambda: 4 * GIB)


def wide(qubits: int, angle: float = 0.1) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits, name="wide")
    circuit.h(0)
    for qubit in range(qubits - 1):
        circuit.cx(qubit, qubit + 1)
    if angle:
        circuit.rx(angle, range(qubits))
    return circuit.measure_all(inplace=False)


def test_rejects_state_that_does_not_fit_into_memory() -> None:
    assert sizes.refusal("c", 27, 10, 1, 4 * GIB, noisy=False) is None
    assert sizes.refusal("c", 28, 10, 1, 4 * GIB, noisy=False) == (
        "Circuit 'c' is too large for a state vector: with 28 qubits, a state takes 4.0 GiB of "
        "memory, and 3.6 GiB are available. Use simulator_mps or fewer qubits."
    )


def test_rejects_shots_that_take_too_long() -> None:
    assert sizes.refusal("c", 24, 100, 100, 4 * GIB, noisy=True) is None
    assert sizes.refusal("c", 27, 100, 4000, 4 * GIB, noisy=True) == (
        "Circuit 'c' is too large for a noisy simulation: with 27 qubits, a state takes 2.0 GiB of "
        "memory, and 4,000 shots of 100 gates take about 15 hours. Use simulator_mps, which takes "
        "a noise_model, or fewer qubits or shots."
    )


@pytest.mark.parametrize("program", ["sampler", "circuit-runner"])
def test_rejects_wide_circuit_on_a_noisy_device(program: str) -> None:
    options: dict[str, Any] = {"shots": 4000}
    if program == "sampler":
        options = {"run_options": options, "resilience_settings": {"level": 0}}

    with pytest.raises(
        FailedError, match=r"too large for a noisy simulation: with 27 qubits, a st"
    ):
        run_here(program, "fake_montreal", circuits=[wide(27)], **options)


def test_runs_wide_circuit_that_needs_no_state_vector() -> None:
    noise = NoiseModel()
    noise.add_all_qubit_quantum_error(depolarizing_error(0.01, 2), "cx")
    readout = NoiseModel()
    readout.add_all_qubit_readout_error(ReadoutError([[0.9, 0.1], [0.2, 0.8]]))

    for backend, circuit, model in [
        ("ibmq_qasm_simulator", wide(30, angle=0), noise),
        ("ibmq_qasm_simulator", wide(30, angle=0), readout),
        ("simulator_mps", wide(30), None),
    ]:
        result = run_here(
            "sampler",
            backend,
            circuits=[circuit],
            transpilation_settings={"basis_gates": ["h", "cx", "rx"]},
            run_options={"shots": 10, "noise_model": model},
        )
        assert len(result["quasi_dists"]) == 1


@pytest.mark.skipif(
    qiskit_aer.__version__ < "0.13", reason="this Aer turns to matrix product states"
)
@pytest.mark.parametrize("shots", [10, None])
def test_rejects_state_vector_beyond_the_memory(shots: int | None) -> None:
    with pytest.raises(FailedError, match=r"too large for a state vector: with 30 qubits"):
        run_here(
            "estimator",
            circuits=[wide(30)],
            observables=[SparsePauliOp("Z" * 30)],
            run_options={"shots": shots},
        )


def test_non_clifford_noise_needs_a_state_vector() -> None:
    noise = NoiseModel()
    noise.add_all_qubit_quantum_error(thermal_relaxation_error(50e3, 70e3, 400), "h")

    with pytest.raises(FailedError, match=r"too large for a noisy simulation: with 30 qubits"):
        run_here(
            "sampler",
            circuits=[wide(30, angle=0)],
            transpilation_settings={"basis_gates": ["h", "cx"]},
            run_options={"shots": 10, "noise_model": noise},
        )


@pytest.mark.parametrize("program", ["sampler", "estimator", "circuit-runner"])
def test_stabilizer_simulator_reports_unsupported_gates(program: str) -> None:
    circuit = QuantumCircuit(2, 1, name="magic")
    circuit.h(0)
    circuit.t(0)
    circuit.rz(0.1, 1)
    circuit.measure(0, 0)
    inputs: dict[str, Any] = {}
    if program == "estimator":
        inputs["observables"] = [SparsePauliOp("ZZ")]

    with pytest.raises(
        FailedError, match="supports Clifford gates only, but circuit 'magic' has rz, t"
    ):
        run_here(program, "simulator_stabilizer", circuits=[circuit], **inputs)


def test_message_of_a_qiskit_error_keeps_line_breaks_and_quotes() -> None:
    source = (
        "from qiskit import QiskitError\n"
        "def main(backend, user_messenger):\n"
        '    raise QiskitError("It\'s\\ntwo lines")\n'
    )

    _, text = job.run(work(source=source), print)

    assert text.endswith("qiskit.exceptions.QiskitError: It's\ntwo lines\n")
