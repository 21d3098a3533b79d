"""The Sampler from the user's call through HTTP and websocket to Aer and back."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.primitives import BaseSampler, SamplerResult
from qiskit.quantum_info import Statevector

from qiskit_ibm_runtime import Options, QiskitRuntimeService, RuntimeJobFailureError, Sampler

SHOTS = 4000
FIVE_SIGMA = 5 * math.sqrt(0.25 / SHOTS)  # of a probability at its worst, one half


@pytest.fixture
def sampler(service: QiskitRuntimeService) -> Sampler:
    options = Options(optimization_level=1, resilience_level=0)
    options.execution.shots = SHOTS
    options.simulator.seed_simulator = 7
    return Sampler(session=service.backend("ibmq_qasm_simulator"), options=options)


def test_the_distribution_agrees_with_the_statevector_within_shot_noise(sampler: Sampler) -> None:
    theta = ParameterVector("theta", 6)
    circuit = QuantumCircuit(3)
    for qubit in range(3):
        circuit.ry(theta[qubit], qubit)
        circuit.rz(theta[qubit + 3], qubit)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.ry(theta[0], 2)
    values = [0.3, 1.1, 2.0, -0.4, 0.9, 0.1]
    exact = Statevector(circuit.assign_parameters(values)).probabilities()
    circuit.measure_all()

    result = sampler.run(circuit, values).result()

    sampled = np.array([result.quasi_dists[0].get(key, 0.0) for key in range(8)])
    assert np.abs(sampled - exact).max() < FIVE_SIGMA


def test_results_are_of_the_types_that_terra_users_expect(
    sampler: Sampler, bell: QuantumCircuit
) -> None:
    result = sampler.run(bell).result()

    assert isinstance(sampler, BaseSampler)
    assert isinstance(result, SamplerResult)
    assert result.quasi_dists[0].shots == SHOTS
    assert result.metadata[0]["shots"] == SHOTS
    assert result.quasi_dists[0]._stddev_upper_bound == pytest.approx(math.sqrt(1 / SHOTS))


def test_the_same_seed_gives_the_same_counts(sampler: Sampler, bell: QuantumCircuit) -> None:
    first = sampler.run(bell, seed_simulator=11).result()
    second = sampler.run(bell, seed_simulator=11).result()
    other = sampler.run(bell, seed_simulator=12).result()

    assert first.quasi_dists == second.quasi_dists
    assert first.quasi_dists != other.quasi_dists


def test_shots_of_one_run_do_not_change_the_primitive(
    sampler: Sampler, bell: QuantumCircuit
) -> None:
    once = sampler.run(bell, shots=100).result()
    again = sampler.run(bell).result()

    assert once.metadata[0]["shots"] == 100
    assert again.metadata[0]["shots"] == SHOTS


def test_a_noise_model_of_the_user_spoils_the_result(
    service: QiskitRuntimeService, bell: QuantumCircuit
) -> None:
    from qiskit_aer.noise import NoiseModel, ReadoutError

    flip = 0.2
    model = NoiseModel()
    model.add_all_qubit_readout_error(ReadoutError([[1 - flip, flip], [flip, 1 - flip]]))
    options = Options(resilience_level=0, optimization_level=1)
    options.simulator.noise_model = model
    options.simulator.seed_simulator = 3
    options.execution.shots = SHOTS
    sampler = Sampler(session=service.backend("ibmq_qasm_simulator"), options=options)

    dist = sampler.run(bell).result().quasi_dists[0]

    unequal = dist.get(1, 0.0) + dist.get(2, 0.0)
    assert unequal == pytest.approx(2 * flip * (1 - flip), abs=FIVE_SIGMA)


def test_a_noisy_device_agrees_with_an_exact_density_matrix_of_its_noise(
    service: QiskitRuntimeService,
) -> None:
    """
    The circuit is transpiled here and sent as it is, so that the reference is of the same circuit.
    """
    from qiskit import transpile
    from qiskit.providers.fake_provider import FakeManila
    from qiskit_aer import AerSimulator

    device = service.backend("fake_manila")
    circuit = QuantumCircuit(5)
    circuit.h(0)
    for qubit in range(4):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    circuit = transpile(
        circuit,
        basis_gates=["rz", "sx", "x", "cx"],
        coupling_map=device.coupling_map,
        initial_layout=list(range(5)),
        optimization_level=0,
    )
    with warnings.catch_warnings():  # terra 0.46 says that its snapshots moved to another package
        warnings.simplefilter("ignore", DeprecationWarning)
        reference = AerSimulator.from_backend(FakeManila(), method="density_matrix")
    many = 400_000
    counts = reference.run(circuit, shots=many, seed_simulator=5).result().get_counts()
    options = Options(resilience_level=0)
    options.transpilation.skip_transpilation = True
    options.execution.shots = SHOTS
    options.simulator = {}
    sampler = Sampler(session=device, options=options)

    dist = sampler.run(circuit).result().quasi_dists[0]

    sampled = np.array([dist.get(key, 0.0) for key in range(32)])
    expected = np.array([counts.get(format(key, "05b"), 0) / many for key in range(32)])
    assert np.abs(sampled - expected).max() < FIVE_SIGMA + 5 * math.sqrt(0.25 / many)
    assert 0.5 < sampled[0] + sampled[31] < 0.99


def test_several_registers_give_keys_over_all_bits(sampler: Sampler) -> None:
    from qiskit import ClassicalRegister, QuantumRegister

    qubits, low, high = (
        QuantumRegister(3),
        ClassicalRegister(1, "low"),
        ClassicalRegister(2, "high"),
    )
    circuit = QuantumCircuit(qubits, low, high)
    circuit.x(0)
    circuit.x(2)
    circuit.measure(0, low[0])
    circuit.measure([1, 2], high)

    result = sampler.run(circuit).result()

    assert result.quasi_dists[0] == {0b101: 1.0}


def test_a_resilience_level_that_the_runtime_lacks_is_refused_before_sending(
    sampler: Sampler, bell: QuantumCircuit
) -> None:
    with pytest.raises(ValueError, match="resilience_level"):
        sampler.run(bell, resilience_level=2)


def test_a_circuit_without_measurement_fails_with_the_reason(sampler: Sampler) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)

    with pytest.raises(RuntimeJobFailureError, match="measure"):
        sampler.run(circuit).result()


def test_many_circuits_come_back_in_order(sampler: Sampler) -> None:
    circuits = []
    for bits in range(8):
        circuit = QuantumCircuit(3)
        for qubit in range(3):
            if bits >> qubit & 1:
                circuit.x(qubit)
        circuit.measure_all()
        circuits.append(circuit)

    result = sampler.run(circuits).result()

    assert [max(dist) for dist in result.quasi_dists] == list(range(8))
