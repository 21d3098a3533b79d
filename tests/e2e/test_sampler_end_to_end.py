"""The Sampler, from the call through HTTP and websocket to Aer and back."""

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
FIVE_SIGMA = 5 * math.sqrt(
    0.25 / SHOTS
)  # standard deviation of a probability of one half, the largest possible


@pytest.fixture
def sampler(service: QiskitRuntimeService) -> Sampler:
    options = Options(optimization_level=1, resilience_level=0)
    options.execution.shots = SHOTS
    options.simulator.seed_simulator = 7
    return Sampler(session=service.backend("ibmq_qasm_simulator"), options=options)


def test_distribution_agrees_with_statevector_within_shot_noise(sampler: Sampler) -> None:
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


def test_results_have_terra_types(sampler: Sampler, bell: QuantumCircuit) -> None:
    result = sampler.run(bell).result()

    assert isinstance(sampler, BaseSampler)
    assert isinstance(result, SamplerResult)
    assert result.quasi_dists[0].shots == SHOTS
    assert result.metadata[0]["shots"] == SHOTS
    assert result.quasi_dists[0]._stddev_upper_bound == pytest.approx(math.sqrt(1 / SHOTS))


def test_without_shots_the_probabilities_are_exact(sampler: Sampler, bell: QuantumCircuit) -> None:
    result = sampler.run(bell, shots=None).result()

    assert result.quasi_dists[0] == pytest.approx({0: 0.5, 3: 0.5}, abs=1e-12)


def test_same_seed_gives_same_counts(sampler: Sampler, bell: QuantumCircuit) -> None:
    first = sampler.run(bell, seed_simulator=11).result()
    second = sampler.run(bell, seed_simulator=11).result()
    other = sampler.run(bell, seed_simulator=12).result()

    assert first.quasi_dists == second.quasi_dists
    assert first.quasi_dists != other.quasi_dists


def test_run_shots_do_not_change_the_primitive(sampler: Sampler, bell: QuantumCircuit) -> None:
    once = sampler.run(bell, shots=100).result()
    again = sampler.run(bell).result()

    assert once.metadata[0]["shots"] == 100
    assert again.metadata[0]["shots"] == SHOTS


def test_custom_noise_model_affects_the_result(
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


def test_noisy_device_agrees_with_exact_density_matrix(
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
    with warnings.catch_warnings():  # terra 0.46 warns that its snapshots moved to another package
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


def test_keys_cover_all_registers(sampler: Sampler) -> None:
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


def test_bits_match_the_qubits_measured_into_them(sampler: Sampler) -> None:
    """
    In any order, not all of them, and some bits written twice: the last one counts.
    """
    from qiskit import ClassicalRegister, QuantumRegister

    random = np.random.default_rng(5)
    circuits, values, expected = [], [], []
    for qubits in (1, 2, 3, 4) * 3:
        registers = [ClassicalRegister(size) for size in random.integers(1, 4, size=3)]
        circuit = QuantumCircuit(QuantumRegister(qubits), *registers)
        angles = ParameterVector("angle", 3 * qubits)
        for place in random.permutation(len(angles)).tolist():
            circuit.ry(2 * angles[place], place % qubits)
            circuit.cz(place % qubits, (place + 1) % qubits) if qubits > 1 else circuit.s(0)
        row = random.uniform(-3, 3, len(angles))
        state = Statevector(circuit.assign_parameters(dict(zip(angles, row))))
        measured: dict[int, int] = {}
        for qubit in random.permutation(qubits)[: max(1, qubits - 1)].tolist():
            bit = int(random.integers(circuit.num_clbits))
            measured[bit] = qubit
            circuit.measure(qubit, bit)
        circuits.append(circuit)
        values.append(row)
        expected.append(_of_bits(state.probabilities(), measured))

    result = sampler.run(circuits, values, shots=None).result()

    for dist, exact in zip(result.quasi_dists, expected):
        assert dist == pytest.approx({k: v for k, v in exact.items() if v > 1e-12}, abs=1e-12)


def _of_bits(probabilities: np.ndarray, measured: dict[int, int]) -> dict[int, float]:
    found: dict[int, float] = {}
    for state, probability in enumerate(probabilities.tolist()):
        outcome = sum((state >> qubit & 1) << bit for bit, qubit in measured.items())
        found[outcome] = found.get(outcome, 0.0) + probability
    return found


@pytest.mark.parametrize("shots", [100, None])
def test_mid_circuit_measurements_are_counted(sampler: Sampler, shots: int | None) -> None:
    """
    Measure a qubit, reset it according to the outcome, and measure into another register.
    """
    from qiskit import ClassicalRegister, QuantumRegister

    first, last = ClassicalRegister(1, "first"), ClassicalRegister(1, "last")
    circuit = QuantumCircuit(QuantumRegister(1), first, last)
    circuit.h(0)
    circuit.measure(0, first[0])
    circuit.x(0).c_if(first, 1)
    circuit.measure(0, last[0])

    result = sampler.run(circuit, shots=shots).result()

    assert set(result.quasi_dists[0]) == {0b00, 0b01}
    assert sum(result.quasi_dists[0].values()) == pytest.approx(1)


def test_circuit_without_measurement_fails_with_the_reason(sampler: Sampler) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)

    with pytest.raises(RuntimeJobFailureError, match="measure"):
        sampler.run(circuit).result()


def test_many_circuits_return_in_order(sampler: Sampler) -> None:
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


@pytest.mark.parametrize("width", [70, 130])
def test_outcomes_wider_than_64_bits_keep_every_bit(
    service: QiskitRuntimeService, width: int
) -> None:
    """
    A cat state, in which all qubits agree, and one more bit that distinguishes the ends.
    """
    circuit = QuantumCircuit(width, width + 1)
    circuit.h(0)
    for qubit in range(width - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.measure(range(width), range(width))
    circuit.measure(0, width)
    sampler = Sampler(session=service.backend("simulator_stabilizer"), options={"shots": 200})

    dist = sampler.run(circuit).result().quasi_dists[0]

    assert set(dist) == {0, 2 ** (width + 1) - 1}
    assert set(dist.binary_probabilities(width + 1)) == {"0" * (width + 1), "1" * (width + 1)}
    assert set(dist.hex_probabilities()) == {"0x0", hex(2 ** (width + 1) - 1)}


def test_quasi_distribution_converts_to_nearest_probability_distribution(
    sampler: Sampler, bell: QuantumCircuit
) -> None:
    dist = sampler.run(bell).result().quasi_dists[0]

    nearest, distance = dist.nearest_probability_distribution(return_distance=True)

    assert nearest == pytest.approx(dict(dist))
    assert distance == pytest.approx(0)
    assert nearest.shots == SHOTS


def test_mixes_bound_and_unbound_circuits(sampler: Sampler) -> None:
    """
    Values of a vector are ordered by index, beyond the ninth too.
    """
    flips = ParameterVector("flip", 12)
    circuit = QuantumCircuit(12)
    for qubit in reversed(range(12)):
        circuit.rx(flips[qubit], qubit)
    circuit.measure_all()
    wanted = 0b100000000101
    values = [math.pi if wanted >> qubit & 1 else 0.0 for qubit in range(12)]
    bound = circuit.assign_parameters(dict(zip(flips, values)))

    result = sampler.run([circuit, bound, circuit], [values, [], [0.0] * 12]).result()

    assert result.quasi_dists == [{wanted: 1.0}, {wanted: 1.0}, {0: 1.0}]


def test_options_reach_the_service(
    service: QiskitRuntimeService, sampler: Sampler, bell: QuantumCircuit
) -> None:
    """
    Read back what was sent, as another process would.
    """
    import numpy as np

    job = sampler.run(
        bell,
        shots=np.int64(10),
        coupling_map=[[0, 1]],
        job_tags=["sent"],
        execution={"init_qubits": False},
    )

    sent = service.job(job.job_id())
    assert sent.tags == ["sent"]
    assert sent.inputs["run_options"] == {
        "shots": 10,
        "init_qubits": False,
        "noise_model": None,
        "seed_simulator": 7,
    }
    assert sent.inputs["transpilation_settings"]["coupling_map"] == [[0, 1]]
    assert sent.inputs["transpilation_settings"]["optimization_settings"] == {"level": 1}
    job.result()
