"""One circuit at many points: each as it is meant, whether Aer binds it or the runtime does."""

from __future__ import annotations

import math
import random
from typing import Any, Callable

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit import __version__ as terra
from qiskit.circuit import Parameter
from qiskit.circuit import library as lib
from qiskit.circuit.library import standard_gates
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer.noise import NoiseModel, depolarizing_error

from qiskit_ibm_runtime.local.programs import estimator
from qiskit_ibm_runtime.local.programs.inputs import Run, Transpilation
from qiskit_ibm_runtime.local.simulation import exact as exactly
from qiskit_ibm_runtime.local.simulation.backend import LocalBackend
from qiskit_ibm_runtime.local.simulation.runs import SHOTS_APART
from qiskit_ibm_runtime.local.simulation.sweeps import Sweep
from qiskit_ibm_runtime.local.simulation.transpiling_backend import TranspilingBackend

from . import exact, noisy
from .agreement import disagreement
from .conftest import SHOTS, WholeJob, sampled

A, B = Parameter("a"), Parameter("b")
POINTS = [[0.3, 1.7], [-2.2, 0.4], [0.3, 1.7]]

GATES: list[tuple[Any, int]] = [
    *((cls, 1) for cls in (lib.RXGate, lib.RYGate, lib.RZGate, lib.PhaseGate)),
    *((cls, 1) for cls in (lib.RXXGate, lib.RYYGate, lib.RZZGate, lib.RZXGate)),
    *((cls, 1) for cls in (lib.CPhaseGate, lib.CRXGate, lib.CRYGate, lib.CRZGate)),
    *((cls, 2) for cls in (lib.RGate, lib.XXPlusYYGate, standard_gates.U2Gate)),
    *((lib.UGate, 3), (standard_gates.U3Gate, 3), (lib.HGate, 0), (lib.CXGate, 0)),
]


def check(circuit: QuantumCircuit, points: list[list[float]], **options: Any) -> None:
    """Sample a circuit at some points, and compare each with what it means there."""
    model = options.get("noise")
    found = sampled([circuit] * len(points), values=points, **options)
    for point, seen in zip(points, found):
        bound = circuit.assign_parameters(dict(zip(circuit.parameters, point)))
        wrong = disagreement(seen, exact.distribution(bound, model and noisy.OfModel(model)), SHOTS)
        assert not wrong, f"{circuit.name} at {point}: {wrong}"


def drawn(seed: int) -> QuantumCircuit:
    """Gates with numbers, parameters, and expressions of these in every place."""
    rng = random.Random(seed)
    circuit = QuantumCircuit(3, 3, name=f"drawn-{seed}")
    angles: list[Callable[[], Any]] = [
        lambda: A,
        lambda: B,
        lambda: rng.uniform(-6, 6),
        lambda: 2 * A - B / 3,
        (A * B).sin,
    ]
    circuit.ry(A, 0)
    circuit.rx(B, 1)
    for _ in range(8):
        cls, count = rng.choice(GATES)
        gate = cls(*(rng.choice(angles)() for _ in range(count)))
        circuit.append(gate, rng.sample(range(3), gate.num_qubits))
        if rng.random() < 0.2:
            circuit.barrier()
    circuit.measure(rng.sample(range(3), 3), range(3))
    return circuit


@pytest.mark.parametrize("seed", range(20))
def test_every_point_of_a_random_circuit_has_its_distribution(seed: int) -> None:
    check(drawn(seed), POINTS, level=0)


@pytest.mark.parametrize("level", [1, 3])
def test_points_of_a_transpiled_circuit_have_their_distributions(level: int) -> None:
    check(drawn(3), POINTS, backend="fake_manila", level=level)


def _of_a_phase() -> QuantumCircuit:
    """A phase that is one of the circuit, and that of a controlled gate."""
    phase = QuantumCircuit(1, global_phase=A)
    phase.rx(B, 0)
    circuit = QuantumCircuit(2, 2, global_phase=A)
    circuit.h(0)
    circuit.append(phase.to_gate().control(1), [0, 1])
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    return circuit


def _of_a_condition() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.ry(A, 0)
    circuit.measure(0, 0)
    circuit.rx(B, 1).c_if(0, 1)
    circuit.ry(B, 0)
    circuit.measure([0, 1], [0, 1])
    return circuit


def _of_control_flow() -> QuantumCircuit:
    body = QuantumCircuit(2, 2)
    body.ry(A, 1)
    body.measure(1, 1)
    circuit = QuantumCircuit(2, 2)
    circuit.ry(B, 0)
    circuit.measure(0, 0)
    circuit.if_test((circuit.clbits[0], 1), body, [0, 1], [0, 1])
    circuit.for_loop(range(3), None, _turned(), [0], [])
    circuit.measure(0, 0)
    return circuit


def _turned() -> QuantumCircuit:
    body = QuantumCircuit(1)
    body.ry(A / 2, 0)
    return body


def _of_a_gate_with_a_clashing_name() -> QuantumCircuit:
    inner = QuantumCircuit(2, name="rx")
    inner.ry(A, 0)
    inner.crx(B, 0, 1)
    circuit = QuantumCircuit(2, 2)
    circuit.append(inner.to_gate(), [1, 0])
    circuit.rx(0.4, 0)
    circuit.measure([0, 1], [0, 1])
    return circuit


def _of_open_controls() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.append(lib.CRXGate(A, ctrl_state=0), [0, 1])
    circuit.append(lib.RYGate(B).control(1, ctrl_state=0), [1, 0])
    circuit.measure([0, 1], [0, 1])
    return circuit


def _of_a_state_in_the_middle() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.ry(A, 0)
    circuit.cx(0, 1)
    circuit.initialize([0.6, 0.8], 0)
    circuit.reset(1)
    circuit.rx(B, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def _of_a_bit_read_twice() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 1)
    circuit.ry(A, 0)
    circuit.measure(0, 0)
    circuit.ry(B, 0)
    circuit.measure(0, 0)
    return circuit


def _of_a_controlled_u() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.ry(0.9, 0)
    circuit.cu(A, B, 0.3, A, 0, 1)
    circuit.rx(0.4, 0)
    circuit.measure([0, 1], [0, 1])
    return circuit


def _of_a_label() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.append(lib.RYGate(A, label="rx"), [0])
    circuit.append(lib.RXGate(B, label="mine"), [0])
    circuit.measure(0, 0)
    return circuit


CORNERS = [
    _of_a_phase, _of_a_condition, _of_control_flow, _of_a_gate_with_a_clashing_name,
    _of_open_controls, _of_a_state_in_the_middle, _of_a_bit_read_twice, _of_a_label,
    _of_a_controlled_u,
]  # fmt: skip


@pytest.mark.parametrize("build", CORNERS)
@pytest.mark.parametrize("backend", ["ibmq_qasm_simulator", "fake_manila"])
def test_corner_cases_mean_the_same_at_every_point(
    build: Callable[[], QuantumCircuit], backend: str
) -> None:
    if build is _of_a_controlled_u and terra < "0.45":
        pytest.skip("this terra does not bind it")
    check(build(), POINTS, backend=backend)


def test_points_have_the_noise_of_their_gates() -> None:
    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(0.2, 1), ["rx", "ry"])
    model.add_all_qubit_quantum_error(depolarizing_error(0.2, 2), ["cx", "rzz"])
    circuit = QuantumCircuit(2, 2)
    circuit.ry(A, 0)
    circuit.cx(0, 1)
    circuit.rx(2 * A - B, 1)
    circuit.rzz(B, 0, 1)
    circuit.ry(0.3, 0)
    circuit.measure([0, 1], [0, 1])

    check(circuit, POINTS, noise=model, skip_transpilation=True)


def test_delays_of_parameters_take_their_time() -> None:
    """
    The qubit relaxes within 0.2 milliseconds; its readout errs once in four times.
    """
    backend, length = LocalBackend.of("fake_manila"), Parameter("length")
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.delay(length, 0, "ms")
    circuit.measure(0, 0)
    model = NoiseModel.from_backend_properties(backend.properties(), dt=backend.configuration().dt)

    short, long = sampled(
        [circuit] * 2, "fake_manila", noise=model, values=[[0.0], [20.0]], skip_transpilation=True
    )

    assert short[1] > 0.6
    assert long.get(1, 0.0) < 0.3


# -- expectation values

OPERATOR = SparsePauliOp(["ZZI", "XIX", "IYZ", "III"], [1.0, -0.7, 0.4, 0.3])


def estimated(circuit: QuantumCircuit, shots: int | None, backend: str) -> Any:
    return estimator.main(
        LocalBackend.of(backend),
        WholeJob(),
        circuits=[circuit],
        circuit_indices=[0] * len(POINTS),
        observables=[OPERATOR],
        observable_indices=[0] * len(POINTS),
        parameter_values=POINTS,
        run_options={"shots": shots, "seed_simulator": 8, "noise_model": NoiseModel()},
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("backend", ["ibmq_qasm_simulator", "simulator_mps", "fake_manila"])
@pytest.mark.parametrize("shots", [None, 4000])
def test_every_point_has_its_expectation_value(shots: int | None, backend: str, seed: int) -> None:
    """
    Without shots up to rounding, and with shots within six standard deviations.
    """
    circuit = drawn(seed)
    circuit.remove_final_measurements()
    result = estimated(circuit, shots, backend)

    for point, value, about in zip(POINTS, result["values"], result["metadata"]):
        bound = circuit.assign_parameters(dict(zip(circuit.parameters, point)))
        error = 6 * math.sqrt(about["variance"] / shots) if shots else 0.0
        assert value == pytest.approx(exact.expectation(bound, OPERATOR).real, abs=error + 1e-6)


def test_states_of_many_points_are_held_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = drawn(0)
    circuit.remove_final_measurements()
    expected = estimated(circuit, None, "ibmq_qasm_simulator")
    monkeypatch.setattr(exactly, "AMPLITUDES", 2 * 2**circuit.num_qubits)

    assert estimated(circuit, None, "ibmq_qasm_simulator") == expected


# -- which are bound by Aer, and with which seeds


def test_aer_binds_parameters_of_gates_alone() -> None:
    points = [dict(zip((A, B), row)) for row in POINTS]

    assert all(Sweep(drawn(seed), points).load() for seed in range(20))
    for build in (_of_a_phase, _of_a_condition, _of_a_controlled_u):
        assert Sweep(build(), points).load() is None
    assert Sweep(drawn(0), [{A: 1.0}]).load() is None
    assert Sweep(drawn(0), [{A: 1.0, B: 1j}]).load() is None  # type: ignore[dict-item]


@pytest.mark.parametrize("shots", [500, SHOTS_APART + 500])
def test_points_that_aer_binds_have_the_counts_of_bound_circuits(shots: int) -> None:
    machine = TranspilingBackend(
        LocalBackend.of("ibmq_qasm_simulator"), Transpilation(), Run(seed=3)
    )
    circuit = drawn(1)
    points = [dict(zip((A, B), row)) for row in POINTS]

    machine.begin(0)
    group_by_circuit = machine.data([circuit] * 3, shots, points)
    machine.begin(0)
    bound = machine.data(Sweep(circuit, points).bind(), shots)

    assert [one["counts"] for one in group_by_circuit] == [one["counts"] for one in bound]


def test_results_come_in_the_order_asked_for() -> None:
    one, other = QuantumCircuit(1, 1), QuantumCircuit(1, 1)
    one.rx(A, 0)
    other.x(0)
    other.rx(A, 0)
    for circuit in (one, other):
        circuit.measure(0, 0)
    angles = [[0.0], [0.0], [math.pi], [math.pi], [math.pi]]

    found = sampled([one, other, other, one, one], values=angles)

    assert found == [{0: 1.0}, {1: 1.0}, {0: 1.0}, {1: 1.0}, {1: 1.0}]


def test_equal_points_with_many_shots_have_samples_of_their_own() -> None:
    """
    Two runs of 5,000 fair coins agree in a half of them, within six standard deviations.
    """
    backend, shots = LocalBackend.of("ibmq_qasm_simulator"), 5000
    circuit = QuantumCircuit(1, 1)
    circuit.ry(A, 0)
    circuit.measure(0, 0)

    result = backend.run(
        circuit,
        shots=shots,
        seed_simulator=5,
        memory=True,
        parameter_binds=[{A: [math.pi / 2] * 4}],
    ).result()

    memories = [np.array(result.get_memory(number)) for number in range(4)]
    limit = 0.5 + 6 * math.sqrt(0.25 / (shots - SHOTS_APART))
    for first, second in zip(memories, memories[1:]):
        assert (first == second).mean() < limit
        for shift in (1, SHOTS_APART - 1, SHOTS_APART):
            assert (first[shift:] == second[:-shift]).mean() < limit
            assert (second[shift:] == first[:-shift]).mean() < limit
    assert exactly.is_drawn_at_the_end(circuit)
    assert all(one.metadata["measure_sampling"] for one in result.results)


@pytest.mark.parametrize("late", ["reset", "initialize"])
def test_circuits_that_aer_simulates_shot_by_shot_have_samples_of_their_own(late: str) -> None:
    """
    Aer samples no circuit with a reset from one state, be the qubit untouched, nor one with an
    initialization after a gate on another qubit.
    """
    backend, shots = LocalBackend.of("ibmq_qasm_simulator"), 5000
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.reset(1) if late == "reset" else circuit.initialize([0, 1], 1)
    circuit.measure([0, 1], [0, 1])

    result = backend.run([circuit] * 2, shots=shots, seed_simulator=5, memory=True).result()

    first, second = (np.array(result.get_memory(number)) for number in range(2))
    limit = 0.5 + 6 * math.sqrt(0.25 / (shots - SHOTS_APART))
    assert (first[SHOTS_APART:] == second[:-SHOTS_APART]).mean() < limit


def test_a_backend_refuses_values_for_other_circuits() -> None:
    backend = LocalBackend.of("ibmq_qasm_simulator")

    with pytest.raises(ValueError, match="each of 2 circuits, not 1"):
        backend.run([drawn(0), drawn(1)], parameter_binds=[{A: [1.0], B: [1.0]}])


@pytest.mark.parametrize("values", [{A: [1.0, 2.0], B: [1.0]}, {A: [], B: []}])
def test_a_backend_refuses_lists_of_different_lengths(values: dict[Parameter, list[float]]) -> None:
    """Aer crashes or fails with the first, and takes the second for one point."""
    backend = LocalBackend.of("ibmq_qasm_simulator")

    with pytest.raises(ValueError, match="equally many values"):
        backend.run(drawn(0), parameter_binds=[values])


def test_points_that_only_python_can_bind_are_bound_there() -> None:
    """Symengine does not differentiate some expressions, and infinity is an error of the user."""
    complex_one, pole = QuantumCircuit(1, 1), QuantumCircuit(1, 1)
    complex_one.rx((1 + 0j) * A, 0)
    pole.rx(A.log(), 0)
    for circuit in (complex_one, pole):
        circuit.measure(0, 0)

    assert sampled([complex_one], values=[[math.pi]]) == [{1: 1.0}]
    for circuit, value in ((complex_one, math.inf), (pole, 0.0)):
        assert Sweep(circuit, [{A: value}]).load() is None


def test_a_result_can_be_read_twice() -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.x(0)
    circuit.measure(0, 0)

    job = LocalBackend.of("ibmq_qasm_simulator").run([circuit] * 2, shots=SHOTS_APART + 1)

    assert len(job.result().results) == len(job.result().results) == 2
