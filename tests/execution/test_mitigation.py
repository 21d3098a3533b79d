"""Error mitigation: exact properties of each method, and its benefit on a noisy device."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import PTM, Operator, SparsePauliOp, Statevector, SuperOp
from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error, thermal_relaxation_error

from qiskit_ibm_runtime.local.mitigation import (
    amplifiers,
    cancellation,
    extrapolators,
    pauli_frames,
    readout,
    twirled_readout,
)
from qiskit_ibm_runtime.local.programs.inputs import Run, Transpilation
from qiskit_ibm_runtime.local.simulation.backend import LocalBackend
from qiskit_ibm_runtime.local.simulation.outcomes import Outcomes
from qiskit_ibm_runtime.local.simulation.transpiling_backend import TranspilingBackend

from .conftest import FailedError, run_here


def machine(backend: str = "fake_manila", **settings: Any) -> TranspilingBackend:
    return TranspilingBackend(LocalBackend.of(backend), Transpilation(**settings), Run(seed=1))


def ansatz(seed: int, qubits: int = 4, layers: int = 3) -> QuantumCircuit:
    """Return layers of random rotations, with cx gates between neighbors."""
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(qubits, name=f"ansatz {seed}")
    for layer in range(layers):
        for qubit in range(qubits):
            circuit.ry(rng.uniform(0, 2 * math.pi), qubit)
            circuit.rz(rng.uniform(0, 2 * math.pi), qubit)
        for qubit in range(layer % 2, qubits - 1, 2):
            circuit.cx(qubit, qubit + 1)
    return circuit


# -- readout correction (Sampler, level 1)


def test_correction_inverts_known_readout_errors() -> None:
    """
    If every bit string was observed, the reduced matrix is complete, and its inverse is exact.
    """
    matrices = {
        0: np.array([[0.95, 0.10], [0.05, 0.90]]),
        1: np.array([[0.98, 0.04], [0.02, 0.96]]),
    }
    true = np.array([0.5, 0.1, 0.0, 0.4])
    blurred = np.kron(matrices[1], matrices[0]) @ true
    seen = Outcomes.of({hex(key): value for key, value in enumerate(blurred * 1e6)}, 2)

    values, overhead = readout.solve(seen, matrices)

    assert values == pytest.approx(true, abs=1e-9)
    norms = [np.abs(np.linalg.inv(matrix)).sum(axis=0).max() for matrix in matrices.values()]
    assert overhead == pytest.approx(np.prod(norms) ** 2)


def test_iterative_solution_equals_that_of_the_inverse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    keys = rng.choice(2**12, 600, replace=False)
    seen = Outcomes.of({hex(key): count for key, count in zip(keys, rng.integers(1, 50, 600))}, 12)
    matrices = {}
    for bit in range(12):
        zero, one = rng.uniform(0.005, 0.05, 2)
        matrices[bit] = np.array([[1 - zero, one], [zero, 1 - one]])
    direct, _ = readout.solve(seen, matrices)

    monkeypatch.setattr(readout, "LARGEST_DENSE", 100)
    iterated, _ = readout.solve(seen, matrices)

    assert iterated == pytest.approx(direct, abs=1e-5)


def test_quasi_probabilities_sum_to_one_and_report_overhead() -> None:
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.measure_all()

    result = run_here(
        "sampler",
        "fake_manila",
        circuits=[circuit],
        resilience_settings={"level": 1},
        run_options={"seed_simulator": 2},
    )

    assert sum(result["quasi_dists"][0].values()) == pytest.approx(1.0)
    metadata = result["metadata"][0]
    assert 1 < metadata["readout_mitigation_overhead"] < 10
    assert metadata["readout_mitigation_time"] >= 0


# -- twirled readout (Estimator, levels 1 and above)


@pytest.mark.parametrize(("circuits", "qubits"), [(16, 1), (16, 8), (16, 15), (8, 4), (1, 3)])
def test_balanced_flips_cancel_errors_of_up_to_two_qubits(circuits: int, qubits: int) -> None:
    flips = twirled_readout.balanced_flips(np.random.default_rng(1), circuits, qubits)
    signs = 1 - 2 * flips

    assert flips.shape == (circuits, qubits)
    if circuits > 1:
        assert (signs.T @ signs == circuits * np.eye(qubits)).all()
        assert (signs.sum(axis=0) == 0).all()


@pytest.mark.parametrize("qubits", [3, 20])
def test_balanced_flips_flip_each_qubit_half_of_the_time(qubits: int) -> None:
    """
    Of 400 choices, 200 are expected, with a standard deviation of 10.
    """
    rng = np.random.default_rng(2)
    first = sum(twirled_readout.balanced_flips(rng, 16, qubits)[0] for _ in range(400))

    assert np.abs(first - 200).max() < 50


def test_variance_covers_correction_of_asymmetric_readout() -> None:
    """
    The squared errors of 30 seeds over the reported variance are 1 on average if the report is
    tight; balanced flips reduce them slightly. Six standard deviations of the mean are 1.5.
    """
    noise = NoiseModel(basis_gates=["rz", "sx", "x", "cx"])
    noise.add_all_qubit_readout_error(ReadoutError([[0.98, 0.02], [0.3, 0.7]]))
    circuit = QuantumCircuit(3)
    circuit.ry(1.0, [0, 1, 2])
    observable = SparsePauliOp(["ZII", "IZZ", "ZZZ"])
    exact = Statevector(circuit).expectation_value(observable).real
    squares = []
    for seed in range(30):
        result = run_here(
            "estimator",
            circuits=[circuit],
            observables=[observable],
            resilience_settings={"level": 1},
            run_options={"seed_simulator": seed, "noise_model": noise},
        )
        metadata = result["metadata"][0]
        squares.append(
            (result["values"][0] - exact) ** 2 / (metadata["variance"] / metadata["shots"])
        )

    assert np.mean(squares) < 2.5


@pytest.mark.parametrize(("level", "shots"), [(1, 4000), (1, 5), (2, 4000)])
def test_metadata_reports_readout_mitigation(level: int, shots: int) -> None:
    circuit = QuantumCircuit(1)
    circuit.x(0)

    def metadata(backend: str) -> dict[str, Any]:
        result = run_here(
            "estimator",
            backend,
            circuits=[circuit],
            observables=[SparsePauliOp("Z")],
            resilience_settings={"level": level},
            run_options={"seed_simulator": 1, "shots": shots},
        )
        return {
            name.removeprefix("readout_mitigation_"): value
            for name, value in result["metadata"][0].items()
            if name.startswith("readout")
        }

    assert metadata("ibmq_qasm_simulator") == {"num_twirled_circuits": 0, "shots_calibration": 0}
    assert metadata("fake_manila") == {
        "num_twirled_circuits": 4 if shots == 5 else 16,
        "shots_calibration": 8192,
    }


# -- noise amplification and extrapolation (Estimator, level 2)


@pytest.mark.parametrize("amplifier", [*amplifiers._LOCAL, "GlobalFoldingAmplifier"])
@pytest.mark.parametrize("factor", [1, 1.4, 2, 3, 5])
def test_folding_preserves_the_unitary(amplifier: str, factor: float) -> None:
    there = machine()
    circuit = there.transpile([ansatz(1)])[0]
    counts = {
        "TwoQubitAmplifier": lambda c: c.count_ops()["cx"],
        "CxAmplifier": lambda c: c.count_ops()["cx"],
    }
    count = counts.get(amplifier, lambda c: c.size())

    folded = amplifiers.amplify(there, circuit, factor, amplifier)

    assert Operator(folded).equiv(Operator(circuit))
    if amplifier in counts:
        assert count(folded) == pytest.approx(factor * count(circuit), abs=1.01)
    else:  # the inverse of sx is three gates of the device
        assert count(folded) >= factor * count(circuit) - 1.01
    assert set(folded.count_ops()) <= {"rz", "sx", "x", "cx"}


@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("skip", [True, False])
def test_unitary_gates_run_at_every_level(level: int, skip: bool) -> None:
    circuit = QuantumCircuit(2)
    circuit.unitary(np.array([[0, 1], [1, 0]]), [0])
    circuit.unitary(Operator.from_label("XI").data, [0, 1])
    circuit.unitary(Operator.from_label("IX").data, [0, 1])

    result = run_here(
        "estimator",
        circuits=[circuit],
        observables=[SparsePauliOp(["IZ", "ZI"], [1, 2])],
        resilience_settings={"level": level},
        transpilation_settings={"skip_transpilation": skip},
        run_options={"shots": 100},
    )

    assert result["values"] == pytest.approx([1 - 2])


def test_rejects_circuit_that_the_amplifier_cannot_fold() -> None:
    there = machine("ibmq_qasm_simulator", basis_gates=["rz", "sx", "x", "ecr"])
    circuit = there.transpile([ansatz(1, qubits=2)])[0]
    dynamic = QuantumCircuit(1, 1)
    dynamic.measure(0, 0)

    with pytest.raises(ValueError, match="the circuit has ecr"):
        amplifiers.amplify(there, circuit, 3, "CxAmplifier")
    with pytest.raises(ValueError, match="cannot undo 'measure'"):
        amplifiers.amplify(there, dynamic, 3, "GlobalFoldingAmplifier")
    with pytest.raises(ValueError, match="1 or more"):
        amplifiers.amplify(there, circuit, 0.5, "TwoQubitAmplifier")
    with pytest.raises(ValueError, match="noise amplifier 'Loud'"):
        amplifiers.amplify(there, circuit, 3, "Loud")


@pytest.mark.parametrize(("name", "degree"), extrapolators.DEGREES.items())
def test_extrapolator_finds_the_constant_of_its_polynomial(name: str, degree: int) -> None:
    factors = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
    coefficients = np.random.default_rng(degree).normal(size=degree + 1)
    values = np.polynomial.polynomial.polyval(factors, coefficients)

    assert extrapolators.weights(factors, name) @ values == pytest.approx(coefficients[0])


@pytest.mark.parametrize(
    ("name", "factors"),
    [("LinearExtrapolator", (1,)), ("QuadraticExtrapolator", (1, 3, 3)), ("Exp", (1, 3))],
)
def test_rejects_invalid_extrapolator(name: str, factors: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=name):
        extrapolators.weights(factors, name)


def test_extrapolation_uses_and_reports_its_options() -> None:
    result = run_here(
        "estimator",
        "fake_manila",
        circuits=[ansatz(1, 2, 2)],
        observables=[SparsePauliOp(["ZZ", "ZI"])],
        resilience_settings={
            "level": 2,
            "noise_factors": [1, 2, 3, 4],
            "noise_amplifier": "LocalFoldingAmplifier",
            "extrapolator": "QuadraticExtrapolator",
        },
        run_options={"seed_simulator": 2, "shots": 800},
    )

    metadata = result["metadata"][0]
    amplified = metadata["zne"]["noise_amplification"]
    share = extrapolators.weights((1, 2, 3, 4), "QuadraticExtrapolator")
    assert result["values"][0] == pytest.approx(share @ amplified["values"])
    assert amplified["noise_factors"] == [1, 2, 3, 4]
    assert amplified["noise_amplifier"] == "LocalFoldingAmplifier"
    assert amplified["shots"] == [800] * 4
    assert metadata["zne"]["extrapolation"] == {"extrapolator": "QuadraticExtrapolator"}
    # All factors share one calibration of the readout, a small part of their errors.
    error = sum(s**2 * v / 800 for s, v in zip(share, amplified["variance"]))
    assert metadata["variance"] / metadata["shots"] == pytest.approx(error, rel=0.1)
    assert metadata["shots"] == 3200


# -- error cancellation (Estimator, level 3)


def squared_errors_of_cancellations(asymmetry: float, seeds: int, shots: int) -> list[float]:
    """Return squared errors over reported ones, for two groups that share their calibration.

    A qubit in state 1 is read as 0 with probability ``asymmetry``.
    """
    noise = NoiseModel(basis_gates=["rz", "sx", "x", "cx"])
    noise.add_all_qubit_quantum_error(depolarizing_error(0.05, 2), "cx")
    if asymmetry:
        noise.add_all_qubit_readout_error(ReadoutError([[0.98, 0.02], [asymmetry, 1 - asymmetry]]))
    circuit = QuantumCircuit(2)
    circuit.h(0)
    for _ in range(3):
        circuit.cx(0, 1)
    squares = []
    for seed in range(seeds):
        result = run_here(
            "estimator",
            circuits=[circuit],
            observables=[SparsePauliOp(["ZZ", "XX"], [1, 1])],
            resilience_settings={"level": 3},
            run_options={"shots": shots, "seed_simulator": seed, "noise_model": noise},
        )
        claimed = result["metadata"][0]["standard_error"]
        squares.append(((result["values"][0] - 2) / claimed) ** 2)
    return squares


def test_inverse_undoes_a_twirled_channel() -> None:
    error = thermal_relaxation_error(50e3, 70e3, 400).tensor(depolarizing_error(0.02, 1))
    inverse = cancellation.Inverse.of(error, "cx")
    fidelities = np.real(np.diag(PTM(SuperOp(error)).data))

    restored = cancellation._SIGNS @ inverse.weights

    assert inverse.weights.sum() == pytest.approx(1.0)
    assert restored * fidelities == pytest.approx(np.ones(16))
    assert inverse.gamma > 1


def framed(circuit: QuantumCircuit, *frames: dict[Any, int]) -> QuantumCircuit:
    merger = pauli_frames.Merger(machine())
    return pauli_frames.FramedCircuit(circuit, merger).with_paulis(*frames)


def with_paulis(circuit: QuantumCircuit, *frames: dict[Any, int]) -> QuantumCircuit:
    """Insert Paulis as separate gates, as a reference for ``with_paulis``."""
    plain = circuit.copy_empty_like()
    for place, item in enumerate(circuit.data):
        for frame in (0, None, 1):
            if frame is None:
                plain.append(item)
                continue
            for number, qubit in enumerate(item.qubits):
                pauli = frames[frame].get((place, number), 0)
                if pauli:
                    getattr(plain, "xyz"[pauli - 1])(qubit)
    return plain


@pytest.mark.parametrize("seed", range(4))
def test_merges_paulis_into_neighboring_gates(seed: int) -> None:
    rng = np.random.default_rng(seed)
    circuit = machine().transpile([ansatz(seed)])[0]
    places = [n for n, item in enumerate(circuit.data) if item.operation.name == "cx"]
    frames = [
        {(place, number): int(rng.integers(4)) for place in places for number in (0, 1)}
        for _ in range(2)
    ]

    merged = framed(circuit, *frames)

    assert Operator(merged).equiv(Operator(with_paulis(circuit, *frames)))
    assert set(merged.count_ops()) <= {"rz", "sx", "x", "cx"}
    assert merged.count_ops()["cx"] == len(places)
    assert Operator(framed(circuit, {}, {})).equiv(Operator(circuit))
    assert framed(circuit, {}, {}).count_ops() == circuit.count_ops()


def test_moves_no_gate_across_control_flow() -> None:
    circuit = QuantumCircuit(2, 1)
    circuit.sx(0)
    circuit.sx(1)
    circuit.measure(0, 0)
    circuit.sx(1)
    circuit.x(0).c_if(0, 1)
    circuit.sx(1)

    again = framed(circuit, {(2, 0): 1}, {})

    names = [(item.operation.name, circuit.find_bit(item.qubits[0]).index) for item in again.data]
    assert [name for name, qubit in names if qubit == 1] == ["sx"] * 3
    assert names[-2:] == [("x", 0), ("sx", 1)]


@pytest.mark.parametrize("name", ["cx", "cz", "ecr", "swap"])
def test_inserting_paulis_does_not_modify_the_original(name: str) -> None:
    circuit = QuantumCircuit(2)
    getattr(circuit, name)(0, 1)
    pairs = list(itertools.product(range(4), repeat=2))
    after = cancellation.conjugations(circuit.data[0].operation)

    for before, pair in enumerate(pairs):
        frames = [{(0, 1): one, (0, 0): zero} for one, zero in (pair, pairs[after[before]])]
        assert Operator(framed(circuit, *frames)).equiv(Operator(circuit))


def test_noiseless_circuit_needs_no_cancellation() -> None:
    plan = cancellation.Cancellation(machine("ibmq_qasm_simulator"), ansatz(1))

    assert plan.gamma == 1.0
    assert plan.layers == 0


def test_confidence_interval_includes_calibration_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    The squared errors of 8 seeds over the reported ones are 1 on average, with a standard deviation
    of 0.5. With so few calibration shots, most of the error is from calibration: if it were not
    included, the average would be 4. A stress test runs more seeds with full calibration.
    """
    monkeypatch.setattr(twirled_readout, "CALIBRATION_SHOTS", 256)

    squares = squared_errors_of_cancellations(0.2, seeds=8, shots=1000)

    assert 0.2 < np.mean(squares) < 2.5


def test_metadata_reports_cost_of_cancellation() -> None:
    result = run_here(
        "estimator",
        "fake_manila",
        circuits=[ansatz(1, 2, 2)],
        observables=[SparsePauliOp("ZZ")],
        resilience_settings={"level": 3},
        run_options={"seed_simulator": 2, "shots": 800},
    )

    metadata = result["metadata"][0]
    low, high = metadata["confidence_interval"]
    assert low < result["values"][0] < high
    assert high - low == pytest.approx(2 * 1.96 * metadata["standard_error"])
    assert metadata["confidence_level"] == 0.95
    assert metadata["sampling_overhead"] > 1
    assert metadata["shots"] >= 800 * metadata["sampling_overhead"]
    assert metadata["samples"] == 128
    assert metadata["total_mitigated_layers"] == 1


def model_of(error: Any, gate: str = "cx") -> NoiseModel:
    model = NoiseModel(basis_gates=["rz", "sx", "x", gate])
    model.add_all_qubit_quantum_error(error, gate)
    return model


@pytest.mark.parametrize(
    ("model", "gates", "message"),
    [
        (model_of(depolarizing_error(0.95, 2)), None, "cannot be inverted"),
        (model_of(depolarizing_error(0.3, 2)), None, "times the shots"),
        (
            model_of(depolarizing_error(0.01, 2), "rzz"),
            ["rz", "sx", "x", "rzz"],
            "not a Clifford gate",
        ),
    ],
    ids=["too strong", "too many", "not Clifford"],
)
@pytest.mark.filterwarnings("ignore:from_dict:DeprecationWarning")  # Aer, with nothing in its place
def test_reports_noise_that_cannot_be_canceled(
    model: NoiseModel, gates: list[str] | None, message: str
) -> None:
    circuit = QuantumCircuit(2)
    for _ in range(12):
        circuit.rx(0.3, 0)
        circuit.rzz(0.3, 0, 1) if gates else circuit.cx(0, 1)

    with pytest.raises(FailedError, match=message):
        run_here(
            "estimator",
            circuits=[circuit],
            observables=[SparsePauliOp("ZZ")],
            resilience_settings={"level": 3},
            transpilation_settings={"optimization_settings": {"level": 0}, "basis_gates": gates},
            run_options={"noise_model": model, "seed_simulator": 1},
        )


# -- gain

DIAGONAL = SparsePauliOp.from_list([("IZZ", 1.0), ("ZZI", 1.0), ("IIZ", 0.7), ("ZII", 0.7)])


def estimator_errors(
    level: int, circuits: list[QuantumCircuit], shots: int
) -> np.ndarray[Any, Any]:
    exact = [Statevector(circuit).expectation_value(DIAGONAL).real for circuit in circuits]
    result = run_here(
        "estimator",
        "fake_manila",
        circuits=circuits,
        observables=[DIAGONAL] * len(circuits),
        resilience_settings={"level": level},
        run_options={"seed_simulator": 3, "shots": shots},
    )
    return np.abs(np.subtract(result["values"], exact))


def test_each_level_of_the_estimator_improves_on_level_0() -> None:
    """
    The mean error of level 0 over these circuits is about 0.16, its bias. Level 1 leaves the bias
    of the gates, about 0.05. Levels 2 and 3 leave mostly shot noise: one shot has a standard
    deviation of at most 1.7 after readout correction, which level 2 multiplies by 1.4 and level 3
    by 1.1, so that 8000 and 4000 shots leave 0.03.
    """
    circuits = [ansatz(seed, qubits=3, layers=5) for seed in (0, 1, 2)]
    plain, readout_corrected, extrapolated, canceled = (
        estimator_errors(level, circuits, shots).mean()
        for level, shots in enumerate((4000, 4000, 8000, 4000))
    )

    assert readout_corrected < 0.8 * plain
    assert max(extrapolated, canceled) < plain / 2


def test_level_1_of_the_sampler_improves_on_level_0() -> None:
    """
    Shot noise of 4000 shots gives a distance of about 0.03; the readout bias is above 0.07.
    """
    circuits = [ansatz(seed) for seed in (0, 1, 2, 3)]
    exact = np.array([Statevector(circuit).probabilities() for circuit in circuits])
    for circuit in circuits:
        circuit.measure_all()

    def distances(level: int) -> np.ndarray[Any, Any]:
        dists = run_here(
            "sampler",
            "fake_manila",
            circuits=circuits,
            resilience_settings={"level": level},
            run_options={"seed_simulator": 3},
        )["quasi_dists"]
        seen = [[dist.get(format(key, "04b"), 0.0) for key in range(16)] for dist in dists]
        return np.abs(seen - exact).sum(axis=1) / 2

    plain, corrected = distances(0), distances(1)

    assert (corrected < plain).all()
    assert corrected.mean() < plain.mean() / 2
