"""Estimator: expectation values against states of ``qiskit.quantum_info``."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit.library import RealAmplitudes
from qiskit.quantum_info import (
    Kraus,
    SparsePauliOp,
    StabilizerState,
    Statevector,
    SuperOp,
    random_clifford,
    random_statevector,
)

from qiskit_ibm_runtime._circuits.dataflow import unread_measurements
from qiskit_ibm_runtime.local.simulation import states

from .conftest import FailedError, run_here

SEED = {"seed_simulator": 7}


def ghz_with_turns() -> QuantumCircuit:
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    for qubit, angle in enumerate((0.3, 1.1, 2.0)):
        circuit.ry(angle, qubit)
        circuit.rz(0.7 * angle, qubit)
    return circuit


def estimated(
    circuit: QuantumCircuit,
    *observables: Any,
    backend: str = "ibmq_qasm_simulator",
    level: int = 0,
    optimization: int = 1,
    **run_options: Any,
) -> tuple[list[Any], list[dict[str, Any]]]:
    """Estimate observables on one circuit; return values and metadata."""
    result = run_here(
        "estimator",
        backend,
        circuits=[circuit],
        circuit_indices=[0] * len(observables),
        observables=[SparsePauliOp(observable) for observable in observables],
        transpilation_settings={"optimization_settings": {"level": optimization}},
        resilience_settings={"level": level},
        run_options={**SEED, **run_options},
    )
    return result["values"], result["metadata"]


def random_operator(qubits: int, terms: int, seed: int, is_complex: bool = False) -> SparsePauliOp:
    rng = np.random.default_rng(seed)
    labels = ["".join(rng.choice(list("IXYZ"), qubits)) for _ in range(terms)]
    weights = rng.normal(size=terms) + is_complex * 1j * rng.normal(size=terms)
    return SparsePauliOp(labels, weights)


OBSERVABLE = SparsePauliOp.from_list(
    [("III", 0.5), ("ZZI", 1.0), ("IXX", -0.7), ("YIZ", 0.25), ("ZII", 0.1)]
)


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_estimates_agree_with_the_statevector(level: int) -> None:
    circuit = ghz_with_turns()
    exact = Statevector(circuit).expectation_value(OBSERVABLE).real

    result = run_here(
        "estimator",
        circuits=[circuit],
        observables=[OBSERVABLE],
        resilience_settings={"level": level},
        run_options=SEED,
    )

    metadata = result["metadata"][0]
    deviation = math.sqrt(metadata["variance"] / metadata["shots"])
    assert 0 < deviation < 0.06
    assert result["values"][0] == pytest.approx(exact, abs=5 * deviation)


@pytest.mark.parametrize(
    ("backend", "optimization"),
    [("ibmq_qasm_simulator", 1), ("simulator_mps", 0), ("ibmq_qasm_simulator", 3)],
)
def test_values_without_shots_are_exact(backend: str, optimization: int) -> None:
    ansatz = RealAmplitudes(3, reps=2)
    values = np.linspace(-1.0, 2.0, ansatz.num_parameters).tolist()
    exact = Statevector(ansatz.assign_parameters(values)).expectation_value(OBSERVABLE).real

    result = run_here(
        "estimator",
        backend,
        circuits=[ansatz],
        observables=[OBSERVABLE],
        parameters=[list(ansatz.parameters)],
        parameter_values=[values],
        transpilation_settings={"optimization_settings": {"level": optimization}},
        run_options={"shots": None},
    )

    assert result["values"][0] == pytest.approx(exact, abs=1e-6)


def test_layout_preserves_the_order_of_qubits() -> None:
    """
    Each qubit has a different state and is measured separately, on a device that permutes qubits.
    """
    circuit = QuantumCircuit(4)
    for qubit in range(4):
        circuit.ry(0.5 * qubit, qubit)
    for first, second in [(0, 3), (1, 3), (0, 2)]:
        circuit.cz(first, second)
        circuit.cz(first, second)
    labels = ["IIIZ", "IIZI", "IZII", "ZIII"]

    for level in (1, 3):
        result = run_here(
            "estimator",
            "fake_lima",
            circuits=[circuit],
            circuit_indices=[0] * 4,
            observables=[SparsePauliOp(label) for label in labels],
            transpilation_settings={"optimization_settings": {"level": level}},
            resilience_settings={"level": 1},
            run_options=SEED,
        )

        assert result["values"] == pytest.approx([math.cos(0.5 * q) for q in range(4)], abs=0.12)


def test_identity_observable_needs_no_shots() -> None:
    result = run_here(
        "estimator", circuits=[ghz_with_turns()], observables=[SparsePauliOp("III", 2.5)]
    )

    assert result["values"] == [2.5]
    assert result["metadata"][0]["variance"] == 0


@pytest.mark.parametrize(
    ("observables", "message"),
    [
        ([SparsePauliOp("ZZZ")], "has 3 qubits, but its circuit has 2"),
        ([SparsePauliOp("ZZ")] * 2, "each of 1 circuits, not 2"),
    ],
)
def test_rejects_invalid_observables(
    bell: QuantumCircuit, observables: list[SparsePauliOp], message: str
) -> None:
    with pytest.raises(FailedError, match=message):
        run_here("estimator", circuits=[bell], observables=observables)


# -- measurements, resets and conditions


def teleported(form: str) -> QuantumCircuit:
    """Teleport a state to qubit 2; this succeeds only if both outcomes are read."""
    circuit = QuantumCircuit(3, 2)
    circuit.ry(1.0, 0)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.h(0)
    circuit.measure([0, 1], [0, 1])
    if form == "c_if":
        circuit.x(2).c_if(1, 1)
        circuit.z(2).c_if(0, 1)
        return circuit
    with circuit.if_test((circuit.clbits[1], 1)):
        circuit.x(2)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.z(2)
    return circuit


@pytest.mark.parametrize("shots", [4000, None])
@pytest.mark.parametrize("form", ["c_if", "if_test"])
def test_keeps_measurements_read_by_conditions(form: str, shots: int | None) -> None:
    """
    Five deviations of 4000 shots are below 0.08.
    """
    values, metadata = estimated(teleported(form), "ZII", "XII", shots=shots)

    assert values == pytest.approx([math.cos(1.0), math.sin(1.0)], abs=0.08)
    assert [entry["shots"] for entry in metadata] == [4000, 4000]


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_register_condition_works_at_every_level(level: int) -> None:
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(1, "observed0"))
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.x(1).c_if(circuit.cregs[0], 1)

    (value,), _ = estimated(circuit, "ZZ", level=level)

    assert value == pytest.approx(1)


def test_mid_circuit_measurement_destroys_coherence() -> None:
    circuit = QuantumCircuit(2, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.cx(0, 1)

    values, _ = estimated(circuit, "XX", "ZZ")

    assert values == pytest.approx([0, 1], abs=5 / math.sqrt(4000))


def test_removes_and_logs_final_measurements(
    bell: QuantumCircuit, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        values, _ = estimated(bell, "XX", "YY", "ZZ")

    assert values == [1.0, -1.0, 1.0]
    assert "Ignoring 2 measurements at the end of circuit 'bell'." in caplog.messages


def unread(circuit: QuantumCircuit) -> list[str]:
    """Return qubit and bit of each unread measurement."""
    places = sorted(unread_measurements(circuit))
    items = [circuit.data[place] for place in places]
    return [
        f"{circuit.find_bit(item.qubits[0]).index}{circuit.find_bit(item.clbits[0]).index}"
        for item in items
    ]


def test_finds_unread_measurements() -> None:
    circuit = QuantumCircuit(3, 3)
    circuit.measure([0, 1, 2], [0, 1, 2])
    assert unread(circuit) == ["00", "11", "22"]

    circuit.barrier()
    circuit.measure(0, 2)
    assert unread(circuit) == ["00", "11", "22", "02"]

    circuit.x(0)
    assert unread(circuit) == ["11", "22"]

    circuit.x(2).c_if(1, 1)
    assert unread(circuit) == []

    circuit.measure(0, 1)
    assert unread(circuit) == ["01"]


def test_overwritten_measurement_is_unread() -> None:
    circuit = QuantumCircuit(3, 1)
    circuit.measure(0, 0)
    circuit.measure(1, 0)
    circuit.x(2).c_if(0, 1)

    assert unread(circuit) == ["00"]


def test_switch_and_loop_read_their_bits() -> None:
    looping, switching = QuantumCircuit(2, 2), QuantumCircuit(2, 2)
    looping.measure([0, 0], [0, 1])
    with looping.while_loop((looping.clbits[0], 1)):
        looping.x(1)
    switching.measure([0, 0], [0, 1])
    if hasattr(switching, "switch"):
        with switching.switch(switching.clbits[0]) as case, case(1):
            switching.x(1)
    else:
        switching.x(1).c_if(0, 1)

    assert unread(looping) == unread(switching) == ["01"]


# -- observables that are not Hermitian


@pytest.mark.parametrize("shots", [8000, None])
@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_complex_coefficients_give_complex_values(shots: int | None, level: int) -> None:
    circuit = ghz_with_turns()
    operator = SparsePauliOp(["ZZI", "IXX", "YIZ", "III"], [1.0, 0.5j, 0.3 - 0.4j, 0.25j])
    exact = Statevector(circuit).expectation_value(operator)

    (value,), (metadata,) = estimated(circuit, operator, shots=shots, level=level)

    deviation = math.sqrt(metadata["variance"] / shots) if shots else 1e-9
    assert isinstance(value, complex)
    assert abs(value - exact) < 5 * deviation < 0.15


@pytest.mark.parametrize("shots", [100, None])
def test_complex_terms_with_a_real_sum_give_real_values(shots: int | None) -> None:
    circuit = QuantumCircuit(1)
    circuit.x(0)
    x, y = SparsePauliOp("X"), SparsePauliOp("Y")
    commutator = -0.5j * (x.dot(y) - y.dot(x)) + 1j * x - 1j * x

    values, _ = estimated(
        circuit, commutator, SparsePauliOp(["Z", "X"], [1 + 1e-15j, 0]), shots=shots
    )

    assert values == pytest.approx([-1, -1])
    assert all(isinstance(value, float) for value in values)


# -- exact values


def matrix(operator: SparsePauliOp) -> np.ndarray[Any, Any]:
    """Return the matrix of an operator; terra 0.25's own method fails with numpy 2."""
    one = {"I": np.eye(2), "X": np.eye(2)[::-1], "Y": [[0, -1j], [1j, 0]], "Z": np.diag([1, -1])}
    return sum(
        weight * functools.reduce(np.kron, [np.asarray(one[letter]) for letter in label])
        for label, weight in operator.to_list()
    )


@pytest.mark.parametrize(("qubits", "terms"), [(1, 3), (2, 5), (5, 40), (7, 60)])
@pytest.mark.parametrize("block", [2, 14])
def test_statevector_moments_equal_those_of_the_operator(
    qubits: int, terms: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "BLOCK", block)
    psi = random_statevector(2**qubits, seed=terms)
    operator = random_operator(qubits, terms, seed=qubits, is_complex=True)

    mean, square = states.statevector_moments(psi.data, operator)

    assert mean == pytest.approx(psi.expectation_value(operator))
    applied = matrix(operator) @ psi.data
    assert square == pytest.approx(np.vdot(applied, applied).real)


@pytest.mark.parametrize("seed", range(5))
def test_stabilizer_moments_equal_those_of_the_statevector(seed: int) -> None:
    clifford = random_clifford(4, seed=seed)
    operator = random_operator(4, 30, seed=seed, is_complex=True)
    vector = Statevector(clifford.to_circuit()).data

    moments = states.stabilizer_moments(clifford, operator)

    assert moments == pytest.approx(states.statevector_moments(vector, operator))


@pytest.mark.parametrize(
    "backend", ["ibmq_qasm_simulator", "simulator_stabilizer", "simulator_mps"]
)
def test_values_of_many_qubits_are_exact(backend: str) -> None:
    """
    The state vector of this Clifford circuit would take 64 GiB. The mean square of a sum of Paulis
    is the sum of the means of their products.
    """
    circuit = QuantumCircuit(32)
    circuit.h(0)
    for qubit in range(31):
        circuit.cx(qubit, qubit + 1)
    circuit.s(7)
    labels = ["Z" * 32, "X" * 32, "Y" * 32, "ZZ" + "I" * 30, "I" * 22 + "X" * 10, "I" * 32]
    operator = SparsePauliOp(labels, [0.5, 1.0, -0.3, 2.0, 0.7, 0.1])
    state = StabilizerState(circuit)

    def mean(of: SparsePauliOp) -> float:
        return sum((c * state.expectation_value(p)).real for p, c in zip(of.paulis, of.coeffs))

    (value,), (metadata,) = estimated(circuit, operator, backend=backend, shots=None)

    assert value == pytest.approx(mean(operator))
    assert metadata["variance"] == pytest.approx(mean(operator.dot(operator)) - value**2)


def test_values_of_many_terms_are_exact() -> None:
    circuit = RealAmplitudes(10, reps=1).decompose()
    circuit = circuit.assign_parameters(np.linspace(0, 3, circuit.num_parameters))
    one, other = random_operator(10, 400, seed=1), random_operator(10, 20, seed=2)
    psi = Statevector(circuit)

    values, metadata = estimated(circuit, one, other, shots=None)

    assert values == pytest.approx([psi.expectation_value(op).real for op in (one, other)])
    square = psi.expectation_value(other.dot(other)).real
    assert metadata[1]["variance"] == pytest.approx(square - values[1] ** 2)


@pytest.mark.parametrize("label", ["ZZZ", "XIZ", "YXZ", "IIX", "XXY"])
def test_idle_qubits_are_in_the_ground_state(label: str) -> None:
    circuit = QuantumCircuit(3)
    circuit.ry(0.4, 1)
    operator = SparsePauliOp([label, "ZIZ", "IIZ"], [1.0, 0.5, 0.25])
    psi = Statevector(circuit)

    (value,), (metadata,) = estimated(circuit, operator, shots=None)

    assert value == pytest.approx(psi.expectation_value(operator).real)
    square = psi.expectation_value(operator.dot(operator)).real
    assert metadata["variance"] == pytest.approx(square - value**2)


def test_empty_circuit_has_exact_values() -> None:
    assert estimated(QuantumCircuit(2), "ZZ", "XX", shots=None)[0] == [1.0, 0.0]


@pytest.mark.parametrize("seed", range(4))
def test_initializing_an_entangled_qubit_resets_it(seed: int) -> None:
    """
    The other qubit is left in a mixture, whose mean no single run of the circuit gives.
    """
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.initialize([1, 0], 0)

    values, metadata = estimated(circuit, "ZI", "IZ", shots=None, seed_simulator=seed)

    assert values == pytest.approx([0, 1], abs=5 / math.sqrt(4000))
    assert metadata[0]["variance"] == pytest.approx(1, abs=0.02)


def test_initializing_and_resetting_fresh_qubits_gives_exact_values() -> None:
    circuit = QuantumCircuit(2)
    circuit.reset([0, 1])
    circuit.initialize([0.6, 0.8], 1)
    circuit.cx(1, 0)

    values, metadata = estimated(circuit, "ZZ", "ZI", "XX", shots=None)

    assert values == pytest.approx([1, 0.36 - 0.64, 2 * 0.6 * 0.8])
    assert [entry["shots"] for entry in metadata] == [None] * 3


@pytest.mark.parametrize(
    ("program", "inputs"),
    [("estimator", {"observables": [SparsePauliOp("ZZ")]}), ("sampler", {})],
)
def test_approximating_simulator_rejects_exact_values(
    bell: QuantumCircuit, program: str, inputs: dict[str, Any]
) -> None:
    with pytest.raises(FailedError, match="approximates states and has no exact values"):
        run_here(
            program,
            "simulator_extended_stabilizer",
            circuits=[bell],
            run_options={"shots": None},
            **inputs,
        )


@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("channel", [Kraus, SuperOp])
def test_channels_in_a_circuit_work_at_every_level(channel: Any, level: int) -> None:
    """
    Bit flip with probability 0.3. Five standard deviations of 4000 shots are below 0.08, which
    extrapolation multiplies by at most 1.4.
    """
    flip = Kraus([math.sqrt(0.7) * np.eye(2), math.sqrt(0.3) * np.eye(2)[::-1]])
    circuit = QuantumCircuit(2)
    circuit.cx(0, 1)
    circuit.append(channel(flip).to_instruction(), [0])

    (value,), _ = estimated(circuit, "ZZ", level=level)

    assert value == pytest.approx(1 - 2 * 0.3, abs=0.11)
