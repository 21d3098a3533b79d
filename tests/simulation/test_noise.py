"""Noise on devices, by label, in loops and during delays, against the exact reference."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.library import XGate
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, ReadoutError, amplitude_damping_error, pauli_error

from qiskit_ibm_runtime.local.simulation.backend import LocalBackend

from . import exact, noisy, random_circuit
from .agreement import disagreement
from .conftest import LINE, SHOTS, WholeJob, sampled

FLIPPED = pauli_error([("X", 1.0)])
OFTEN = pauli_error([("X", 0.4), ("I", 0.6)])


def of_device(name: str) -> tuple[NoiseModel, noisy.OfModel]:
    """Return Aer's noise model of a device, and its conversion for the reference."""
    backend = LocalBackend.of(name)
    properties, dt = backend.properties(), backend.configuration().dt
    model = NoiseModel.from_backend_properties(properties, dt=dt)
    times = [(properties.t1(q), properties.t2(q)) for q in range(len(properties.qubits))]
    return model, noisy.OfModel(model, times, dt)


def check_noise(
    circuits: list[QuantumCircuit], ours: noisy.OfModel, *arguments: Any, **options: Any
) -> None:
    for circuit, seen in zip(circuits, sampled(circuits, *arguments, **options)):
        wrong = disagreement(seen, exact.distribution(circuit, ours), SHOTS)
        assert not wrong, f"{circuit.name}: {wrong}"


def test_device_has_the_noise_of_aer_model() -> None:
    """
    The circuit uses native gates of the device, so it is run as it is.
    """
    model, noise = of_device("fake_manila")
    circuit = QuantumCircuit(5, 3)
    for qubit in (0, 1, 2):
        circuit.sx(qubit)
        circuit.rz(0.7, qubit)
        circuit.sx(qubit)
    for _ in range(5):
        circuit.cx(0, 1)
        circuit.cx(1, 2)
    circuit.measure([0, 1, 2], [0, 1, 2])
    by_aer = AerSimulator(noise_model=model).run(circuit, shots=SHOTS, seed_simulator=3).result()
    truth = exact.distribution(circuit, noise)

    ours = sampled([circuit], "fake_manila", noise=model, skip_transpilation=True)[0]
    counts = {int(key, 2): n / SHOTS for key, n in by_aer.get_counts().items()}

    assert not disagreement(ours, truth, SHOTS)
    assert not disagreement(counts, truth, SHOTS)


@pytest.mark.parametrize("seed", range(3))
def test_control_flow_on_a_device_has_the_noise_of_executed_gates(seed: int) -> None:
    model, noise = of_device("fake_manila")
    features = random_circuit.Features(qubits=2, native=("x", "sx", "rz", "id", "cx"))
    circuits = [random_circuit.circuit(100 * seed + n, features).bound for n in range(6)]

    check_noise(circuits, noise, "fake_manila", noise=model, skip_transpilation=True)


def test_each_iteration_of_a_loop_has_its_own_noise() -> None:
    """
    A noisy flip is repeated until the qubit is read as 1. If all iterations had the noise of the
    first one, some shots would never end.
    """
    model = NoiseModel()
    model.add_all_qubit_quantum_error(OFTEN, ["x"])
    body = QuantumCircuit(2, 1)
    body.reset(0)
    body.x(0)
    body.x(1)
    body.measure(0, 0)
    circuit = QuantumCircuit(2, 2)
    circuit.while_loop((circuit.clbits[0], 0), body, [0, 1], [0])
    circuit.measure(1, 1)

    check_noise([circuit], noisy.OfModel(model), noise=model)


def test_rejects_noisy_loop_on_too_many_qubits() -> None:
    model = NoiseModel()
    model.add_all_qubit_quantum_error(OFTEN, ["x"])
    circuit = QuantumCircuit(12, 1)
    circuit.x(range(12))
    with circuit.while_loop((circuit.clbits[0], 0)):
        circuit.x(range(12))
        circuit.measure(0, 0)

    with pytest.raises(ValueError, match="a noisy loop on 12 qubits, and the limit is 10"):
        sampled([circuit], noise=model)


# -- noise by name and label


def labeled_gate() -> QuantumCircuit:
    made = QuantumCircuit(2, 2)
    made.append(XGate(label="mine"), [0])
    return made


def labeled_unitary() -> QuantumCircuit:
    made = QuantumCircuit(2, 2)
    made.unitary(np.eye(2), [0], label="mine")
    return made


def own_gate() -> QuantumCircuit:
    angle = Parameter("angle")
    part = QuantumCircuit(1, name="mine")
    part.rz(angle, 0)
    made = QuantumCircuit(2, 2)
    made.append(part.to_gate({angle: 0.3}), [0])
    return made


def under_a_condition() -> QuantumCircuit:
    made = QuantumCircuit(2, 2)
    made.append(XGate(label="mine"), [1]).c_if(0, 0)
    made.append(XGate(label="mine"), [0]).c_if(0, 1)
    return made


@pytest.mark.parametrize("level", [0, 1, 2, 3])
@pytest.mark.parametrize("build", [labeled_gate, labeled_unitary, own_gate, under_a_condition])
@pytest.mark.parametrize("settings", [{}, {"coupling_map": LINE}])
def test_noise_by_label_applies_at_every_level(
    build: Any, level: int, settings: dict[str, Any]
) -> None:
    model = NoiseModel()
    model.add_all_qubit_quantum_error(OFTEN, ["mine"])
    circuit = build()
    circuit.measure([0, 1], [0, 1])
    flipped = 1 if build is labeled_gate else 0
    truth = {flipped: 0.6, 1 - flipped: 0.4}
    if build is under_a_condition:
        truth = {2: 0.6, 0: 0.4}

    seen = sampled([circuit], level=level, noise=model, **settings)[0]

    assert not disagreement(seen, truth, SHOTS)


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_noise_of_unitaries_applies_at_every_level(level: int) -> None:
    model = NoiseModel()
    model.add_all_qubit_quantum_error(FLIPPED, ["unitary"])
    circuit = QuantumCircuit(2, 2)
    circuit.unitary(np.eye(2), [0])
    circuit.h(1)
    circuit.h(1)
    circuit.measure([0, 1], [0, 1])

    assert sampled([circuit], level=level, noise=model)[0] == {1: 1.0}


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_noise_of_a_labeled_pair_applies_to_coupled_qubits(level: int) -> None:
    model = NoiseModel()
    both = pauli_error([("XX", 1.0)])
    model.add_all_qubit_quantum_error(both, ["pair"])
    circuit = QuantumCircuit(4, 4)
    circuit.unitary(np.eye(4), [0, 3], label="pair")
    circuit.measure(range(4), range(4))

    assert sampled([circuit], level=level, noise=model, coupling_map=LINE)[0] == {9: 1.0}


def test_label_unknown_to_the_noise_model_has_no_effect() -> None:
    """
    Aer uses the label as the name, so a labeled gate would have no noise.
    """
    model = NoiseModel()
    model.add_all_qubit_quantum_error(FLIPPED, ["x"])
    circuit = QuantumCircuit(1, 1)
    circuit.append(XGate(label="my flip"), [0])
    circuit.measure(0, 0)

    assert sampled([circuit], noise=model, level=0)[0] == {0: 1.0}


def test_label_equal_to_another_gate_name_adds_no_noise() -> None:
    model = NoiseModel()
    model.add_all_qubit_quantum_error(FLIPPED, ["sx"])
    circuit = QuantumCircuit(1, 1)
    circuit.unitary(np.eye(2), [0], label="sx")
    circuit.measure(0, 0)

    assert sampled([circuit], noise=model, level=0)[0] == {0: 1.0}


def test_noise_of_swaps_applies_at_level_three() -> None:
    model = NoiseModel()
    model.add_all_qubit_quantum_error(pauli_error([("XI", 1.0)]), ["swap"])
    circuit = QuantumCircuit(2, 2)
    circuit.swap(0, 1)
    circuit.measure([0, 1], [0, 1])

    assert sampled([circuit], noise=model, level=3)[0] == {2: 1.0}


def test_rejects_noisy_instruction_on_three_coupled_qubits() -> None:
    model = NoiseModel()
    model.add_all_qubit_quantum_error(pauli_error([("XXX", 1.0)]), ["three"])
    circuit = QuantumCircuit(3, 3)
    circuit.unitary(np.eye(8), [0, 1, 2], label="three")
    circuit.measure(range(3), range(3))

    assert sampled([circuit], noise=model)[0] == {7: 1.0}
    with pytest.raises(ValueError, match="more than two qubits"):
        sampled([circuit], noise=model, coupling_map=LINE)


def test_readout_errors_and_damping_of_a_given_model_apply() -> None:
    model = NoiseModel()
    model.add_all_qubit_readout_error(ReadoutError([[0.9, 0.1], [0.3, 0.7]]))
    model.add_all_qubit_quantum_error(amplitude_damping_error(0.4), ["x"])
    circuit = QuantumCircuit(1, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.x(0).c_if(0, 1)
    circuit.measure(0, 1)

    check_noise([circuit], noisy.OfModel(model), noise=model, level=0)


# -- delays


@pytest.mark.parametrize(
    ("time", "unit"), [(50, "us"), (50_000, "ns"), (50e-6, "s"), (225_000, "dt"), (0.05, "ms")]
)
def test_qubit_of_a_device_relaxes_during_a_delay(time: float, unit: str) -> None:
    """
    An excited state decays with T1, and a superposition with T2. Gates and readout of the device
    are noisy, too.
    """
    model, noise = of_device("fake_manila")
    circuits = []
    for gate in ("x", "sx"):
        circuit = QuantumCircuit(1, 1)
        getattr(circuit, gate)(0)
        circuit.delay(time, 0, unit)
        getattr(circuit, gate)(0)
        circuit.measure(0, 0)
        circuits.append(circuit)

    truth = [exact.distribution(circuit, noise) for circuit in circuits]
    assert truth[0][1] > 0.2  # of an excited state, that is
    check_noise(circuits, noise, "fake_manila", noise=model, skip_transpilation=True)
    for level in (0, 3):
        for wanted, seen in zip(truth, on_device(circuits, level)):
            assert seen.get(1, 0) == pytest.approx(wanted[1], abs=0.06)


def on_device(circuits: list[QuantumCircuit], level: int) -> list[dict[int, float]]:
    """Run circuits on qubit 0 of the device, with its noise."""
    from qiskit_ibm_runtime.local.programs import sampler

    dists = sampler.main(
        LocalBackend.of("fake_manila"),
        WholeJob(),
        circuits=circuits,
        transpilation_settings={"optimization_settings": {"level": level}, "initial_layout": [0]},
        run_options={"shots": SHOTS, "seed_simulator": 3},
        resilience_settings={"level": 0},
    )["quasi_dists"]
    return [{int(key, 2): value for key, value in dist.items()} for dist in dists]


def test_delay_inside_control_flow_relaxes() -> None:
    model, noise = of_device("fake_manila")
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.sx(1)
    circuit.measure(1, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.delay(80, 0, "us")
    circuit.measure(0, 1)

    check_noise([circuit], noise, "fake_manila", noise=model, skip_transpilation=True)


def test_delay_on_an_ideal_simulator_has_no_effect() -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.delay(1, 0, "s")
    circuit.measure(0, 0)

    assert sampled([circuit])[0] == {1: 1.0}


def test_rejects_gate_known_only_to_the_noise_model() -> None:
    model = NoiseModel()
    model.add_all_qubit_quantum_error(OFTEN, ["mine"])
    circuit = QuantumCircuit(1, 1)
    circuit.append(Gate("mine", 1, []), [0])
    circuit.measure(0, 0)

    with pytest.raises(ValueError, match="has no definition"):
        sampled([circuit], noise=model)


def test_excited_states_decay_exponentially() -> None:
    channel = noisy.relaxation(50e-6, 70e-6, 50e-6)

    assert channel[3, 3].real == pytest.approx(math.exp(-1))
