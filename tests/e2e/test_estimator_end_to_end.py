"""The Estimator, from the call through HTTP and websocket to Aer and back."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import qiskit
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import RealAmplitudes
from qiskit.primitives import BaseEstimator, EstimatorResult
from qiskit.primitives import Estimator as ExactEstimator
from qiskit.quantum_info import Operator, Pauli, PauliList, SparsePauliOp, Statevector

from qiskit_ibm_runtime import Estimator, Options, QiskitRuntimeService

HYDROGEN = SparsePauliOp.from_list(
    [
        ("II", -1.052373245772859),
        ("IZ", +0.39793742484318045),
        ("ZI", -0.39793742484318045),
        ("ZZ", -0.01128010425623538),
        ("XX", +0.18093119978423156),
    ]
)
GROUND_STATE_ENERGY = -1.857275030202382
SHOTS = 8000


@pytest.fixture
def estimator(service: QiskitRuntimeService) -> Estimator:
    options = Options(optimization_level=1, resilience_level=0)
    options.execution.shots = SHOTS
    options.simulator.seed_simulator = 7
    return Estimator(session=service.backend("ibmq_qasm_simulator"), options=options)


def within_five_sigma(observable: SparsePauliOp, shots: int = SHOTS) -> float:
    """Upper bound of five standard deviations: independent terms with variance one."""
    return 5 * float(np.sum(np.abs(observable.coeffs))) / math.sqrt(shots)


def test_hydrogen_has_its_published_energy(estimator: Estimator) -> None:
    circuit = QuantumCircuit(2)
    circuit.x(0)
    circuit.ry(-0.22353699826765921, 1)
    circuit.cx(1, 0)

    result = estimator.run(circuit, HYDROGEN).result()

    deviation = math.sqrt(result.metadata[0]["variance"] / result.metadata[0]["shots"])
    assert 0 < 5 * deviation < 0.03
    assert result.values[0] == pytest.approx(GROUND_STATE_ENERGY, abs=5 * deviation)


def test_values_agree_with_exact_estimator_within_shot_noise(estimator: Estimator) -> None:
    ansatz = RealAmplitudes(2, reps=1)
    observables = [HYDROGEN, SparsePauliOp(["XY", "ZZ", "YI"], [0.5, -1.0, 0.25])]
    values = [[0.1, 0.7, -1.2, 2.2], [1.0, -0.3, 0.4, 0.0]]
    exact = ExactEstimator().run([ansatz] * 2, observables, values).result()

    result = estimator.run([ansatz] * 2, observables, values).result()

    assert isinstance(estimator, BaseEstimator)
    assert isinstance(result, EstimatorResult)
    for value, expected, observable in zip(result.values, exact.values, observables):
        assert value == pytest.approx(expected, abs=within_five_sigma(observable))


OLD_TERRA_NEW_NUMPY = qiskit.__version__ < "0.45" and np.__version__ >= "2"


@pytest.mark.parametrize(
    "observable",
    [
        "ZZ",
        Pauli("ZZ"),
        SparsePauliOp("ZZ"),
        pytest.param(
            Operator(np.diag([1, -1, -1, 1])),
            marks=pytest.mark.skipif(
                OLD_TERRA_NEW_NUMPY,
                reason="terra below 0.45 cannot make Paulis of a matrix with numpy 2",
            ),
        ),
    ],
    ids=["label", "Pauli", "SparsePauliOp", "Operator"],
)
@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")  # terra 0.46, for Operator
def test_accepts_every_observable_form(estimator: Estimator, observable: object) -> None:
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)

    assert estimator.run(bell, observable).result().values[0] == pytest.approx(1.0)


def test_without_shots_the_variance_is_exact(estimator: Estimator) -> None:
    """
    The variance is <O^2> - <O>^2, computed from matrices without Paulis or Aer.
    """
    circuit = RealAmplitudes(2, reps=1)
    angles = [0.1, 0.7, -1.2, 2.2]
    x, z, unit = np.array([[0, 1], [1, 0]]), np.diag([1, -1]), np.eye(2)
    matrices = {"ZI": np.kron(z, unit), "XX": np.kron(x, x), "IZ": np.kron(unit, z)}
    weights = {"ZI": 0.5, "XX": -1.0, "IZ": 2.0}
    matrix = np.sum([weight * matrices[label] for label, weight in weights.items()], axis=0)
    state = Statevector(circuit.assign_parameters(angles)).data
    value, square = (np.vdot(state, m @ state).real for m in (matrix, matrix @ matrix))

    observable = SparsePauliOp.from_list(list(weights.items()))
    result = estimator.run(circuit, observable, angles, shots=None).result()

    assert result.values[0] == pytest.approx(value, abs=1e-9)
    assert result.metadata[0]["variance"] == pytest.approx(square - value**2, abs=1e-9)


@pytest.mark.parametrize("shots", [None, SHOTS])
def test_observable_without_terms_is_zero(estimator: Estimator, shots: int | None) -> None:
    result = estimator.run(QuantumCircuit(2), PauliList(["ZZ"])[:0], shots=shots).result()

    assert result.values.tolist() == [0]
    assert result.metadata == [{"variance": 0, "shots": shots}]


@pytest.mark.parametrize("shots", [None, SHOTS])
def test_estimates_commutator_with_complex_terms(estimator: Estimator, shots: int | None) -> None:
    """
    -i[X, Y] / 2 = Z, and the circuit prepares an eigenstate of Z.
    """
    x, y = SparsePauliOp("X"), SparsePauliOp("Y")
    commutator = -0.5j * (x.dot(y) - y.dot(x)) + 1j * x - 1j * x
    circuit = QuantumCircuit(1)
    circuit.x(0)

    assert estimator.run(circuit, commutator, shots=shots).result().values[0] == pytest.approx(-1)


def test_binds_remaining_values_of_partly_bound_circuits(
    estimator: Estimator,
) -> None:
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(1, global_phase=a)
    circuit.ry(2 * b - a, 0)
    in_part = circuit.assign_parameters({a: 0.2})

    values = np.array([[0.3, 0.7], [0.1, 0.5]])
    whole = estimator.run([circuit, circuit], ["Z", "X"], values, shots=None).result().values
    rest = estimator.run(in_part, "Z", 0.7, shots=None).result().values

    assert whole.tolist() == pytest.approx([math.cos(1.1), math.sin(0.9)])
    assert rest.tolist() == pytest.approx([math.cos(1.2)])


def test_each_resilience_level_runs_and_reports_its_method(estimator: Estimator) -> None:
    circuit = QuantumCircuit(1)
    circuit.h(0)

    metadata = estimator.run(circuit, "X", resilience_level=2).result().metadata[0]

    assert metadata["zne"]["noise_amplification"]["values"] == pytest.approx([1.0, 1.0, 1.0])


def test_returns_value_array_and_metadata_per_circuit(estimator: Estimator) -> None:
    circuit = QuantumCircuit(1)
    circuit.h(0)

    result = estimator.run([circuit] * 3, ["X", "Z", "I"]).result()

    assert isinstance(result.values, np.ndarray)
    assert result.values.shape == (3,)
    assert len(result.metadata) == 3
    assert result.values[[0, 2]].tolist() == [1.0, 1.0]
    assert abs(result.values[1]) < 5 / math.sqrt(SHOTS)


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")  # of opflow, about itself
@pytest.mark.filterwarnings("ignore:.*:PendingDeprecationWarning")
def test_estimates_opflow_observable(estimator: Estimator) -> None:
    opflow = pytest.importorskip("qiskit.opflow", reason="terra 0.46 is the last with opflow")
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)

    total = 0.5 * opflow.PauliSumOp(SparsePauliOp(["ZZ", "XX"]))
    single = 2 * (opflow.Z ^ opflow.Z)
    result = estimator.run([bell, bell], [total, single]).result()

    assert result.values.tolist() == pytest.approx([1.0, 2.0])


def test_ignores_final_measurements_with_a_warning(estimator: Estimator) -> None:
    circuit = QuantumCircuit(1)
    circuit.h(0)
    circuit.measure_all()

    with pytest.warns(UserWarning, match="has final measurements"):
        job = estimator.run(circuit, "X")

    assert job.result().values[0] == pytest.approx(1.0)


@pytest.mark.parametrize("shots", [None, SHOTS])
def test_complex_observable_has_a_complex_value(estimator: Estimator, shots: int | None) -> None:
    circuit = QuantumCircuit(1)
    circuit.x(0)
    observables = [SparsePauliOp(["Z", "I"], [1j, 2.0]), SparsePauliOp("Z")]

    values = estimator.run([circuit] * 2, observables, shots=shots).result().values

    assert values.tolist() == pytest.approx([2 - 1j, -1])


def test_large_jobs_sum_complex_values_of_their_parts(estimator: Estimator) -> None:
    """
    Terms that do not commute qubit-wise are measured separately, in several parts.
    """
    labels = ["".join(letters) for letters in itertools.product("XYZ", repeat=5)]
    circuit = QuantumCircuit(5)
    observable = SparsePauliOp(labels, [1j] * len(labels))

    result = estimator.run(circuit, observable, shots=64).result()

    deviation = math.sqrt(result.metadata[0]["variance"] / 64)
    assert abs(result.values[0] - 1j) < 5 * deviation
    assert result.values.dtype == complex
