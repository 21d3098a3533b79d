"""Simulators, devices, and transpilation."""

from __future__ import annotations

from typing import Any

import pytest
import qiskit_aer
from qiskit import QuantumCircuit
from qiskit_aer.noise import NoiseModel, ReadoutError

from qiskit_ibm_runtime.local.devices import catalog
from qiskit_ibm_runtime.local.devices.simulators import simulator_configuration
from qiskit_ibm_runtime.local.programs.inputs import Run, Transpilation
from qiskit_ibm_runtime.local.simulation.backend import LocalBackend
from qiskit_ibm_runtime.local.simulation.transpiling_backend import TranspilingBackend
from qiskit_ibm_runtime.utils.backend_decoder import (
    configuration_from_server_data,
    defaults_from_server_data,
    properties_from_server_data,
)

from .conftest import FailedError, run_here

SMALL = ("fake_armonk", "fake_belem", "fake_bogota", "fake_lima", "fake_manila", "fake_quito")
REQUIRED = {
    *("backend_name", "backend_version", "n_qubits", "basis_gates", "gates", "local", "simulator"),
    *("conditional", "open_pulse", "memory", "max_shots", "coupling_map", "online_date"),
    *("max_experiments", "multi_meas_enabled"),
}


@pytest.mark.parametrize("name", catalog.names())
def test_configuration_has_required_fields(name: str) -> None:
    configuration = catalog.configuration(name)

    assert set(configuration) >= REQUIRED
    assert configuration["backend_name"] == name
    assert configuration_from_server_data(configuration) is not None
    if configuration["open_pulse"]:
        assert defaults_from_server_data(catalog.defaults(name)).qubit_freq_est


@pytest.mark.parametrize("name", SMALL)
def test_terra_reads_properties_and_defaults_of_a_device(name: str) -> None:
    properties = properties_from_server_data(catalog.properties(name))

    assert properties.backend_name == name
    assert properties.readout_error(0) > 0
    defaults = catalog.defaults(name)
    assert defaults_from_server_data(defaults).qubit_freq_est


def test_simulators_have_no_calibration() -> None:
    assert catalog.properties("ibmq_qasm_simulator") == {}
    assert catalog.defaults("simulator_mps") == {}


def test_memory_limits_the_width_of_the_statevector_simulator() -> None:
    one_gibibyte = simulator_configuration("simulator_statevector", 2**30)
    huge = simulator_configuration("simulator_statevector", 2**60)

    assert one_gibibyte["n_qubits"] == 25  # 2^26 amplitudes fill it, and leave no room for Python
    assert huge["n_qubits"] == 32


@pytest.mark.parametrize(
    ("backend", "qubits", "message"),
    [
        (
            "simulator_statevector",
            40,
            r"has 40 qubits, but simulator_statevector has \d+, the limit with",
        ),
        ("simulator_mps", 101, "has 101 qubits, but simulator_mps has 100"),
        ("fake_manila", 6, "has 6 qubits, but fake_manila has 5"),
        pytest.param(
            "ibmq_qasm_simulator",
            32,
            "for a state vector: with 32 qubits, a state takes 64.0 GiB of memory, and 0.9 GiB",
            marks=pytest.mark.skipif(
                qiskit_aer.__version__ < "0.13", reason="this Aer turns to matrix product states"
            ),
        ),
    ],
)
def test_rejects_too_wide_circuit(
    monkeypatch: pytest.MonkeyPatch, backend: str, qubits: int, message: str
) -> None:
    monkeypatch.setattr(catalog, "memory", lambda: 2**30)
    circuit = QuantumCircuit(qubits)
    for qubit in range(qubits):
        circuit.ry(0.1, qubit)
        circuit.cx(qubit, (qubit + 1) % qubits)
    circuit.measure_all()

    with pytest.raises(FailedError, match=message):
        run_here("sampler", backend, circuits=[circuit])


def test_stabilizer_simulator_runs_only_clifford_circuits() -> None:
    circuit = QuantumCircuit(80)
    circuit.h(0)
    for qubit in range(79):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    other = QuantumCircuit(1)
    other.rx(0.3, 0)
    other.measure_all()

    dist = run_here("sampler", "simulator_stabilizer", circuits=[circuit])["quasi_dists"][0]

    assert set(dist) == {"0" * 80, "1" * 80}
    with pytest.raises(FailedError):
        run_here("sampler", "simulator_stabilizer", circuits=[other])


def test_extended_stabilizer_simulator_runs_a_few_t_gates() -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.t(0)
    circuit.cx(0, 1)
    circuit.measure_all()

    result = run_here(
        "sampler",
        "simulator_extended_stabilizer",
        circuits=[circuit],
        run_options={"shots": 20, "seed_simulator": 1},
    )

    assert set(result["quasi_dists"][0]) == {"00", "11"}


# -- transpilation


def machine(
    backend: str = "fake_manila", run: Run | None = None, **settings: Any
) -> TranspilingBackend:
    level = settings.pop("level", 1)
    given = {**settings, "optimization_settings": {"level": level}}
    made = LocalBackend.of(backend)
    return TranspilingBackend(made, Transpilation.of(given), run or Run(seed=1))


def used(circuit: QuantumCircuit) -> list[int]:
    return [
        circuit.find_bit(item.qubits[0]).index
        for item in circuit.data
        if item.operation.name == "measure"
    ]


def test_initial_layout_is_used(bell: QuantumCircuit) -> None:
    for layout in ([3, 2], {"0": 3, "1": 2}):
        fitted = machine(level=0, initial_layout=layout).transpile([bell])[0]
        assert used(fitted) == [3, 2]


def test_transpiled_circuit_uses_gates_and_couplings_of_the_device(bell: QuantumCircuit) -> None:
    far = QuantumCircuit(5)
    far.h(0)
    far.cx(0, 4)
    far.measure_all()

    fitted = machine(layout_method="trivial", routing_method="basic").transpile([far])[0]

    pairs = {tuple(pair) for pair in catalog.configuration("fake_manila")["coupling_map"]}
    names = {item.operation.name for item in fitted.data}
    assert names <= {"rz", "sx", "x", "cx", "barrier", "measure"}
    for item in fitted.data:
        if item.operation.name == "cx":
            assert tuple(fitted.find_bit(q).index for q in item.qubits) in pairs


def test_routing_method_is_used() -> None:
    far = QuantumCircuit(5)
    far.cx(0, 4)
    far.measure_all()
    kept: dict[str, Any] = {"layout_method": "trivial", "level": 0}

    with pytest.raises(Exception, match="not-a-method"):
        machine(routing_method="not-a-method", **kept).transpile([far])
    with pytest.raises(Exception, match="routing"):
        machine(routing_method="none", **kept).transpile([far])


def test_higher_level_optimizes_more() -> None:
    circuit = QuantumCircuit(2)
    for _ in range(6):
        circuit.h(0)
        circuit.cx(0, 1)
        circuit.cx(0, 1)
    circuit.measure_all()

    sizes = [machine(level=level).transpile([circuit])[0].size() for level in (0, 3)]

    assert sizes[1] < sizes[0] / 3


def test_approximation_drops_small_rotations() -> None:
    circuit = QuantumCircuit(2)
    circuit.rxx(0.01, 0, 1)
    circuit.ry(1.0, 0)
    circuit.rzz(0.01, 0, 1)
    circuit.measure_all()

    def pairs(degree: float | None) -> int:
        fitted = machine(level=3, approximation_degree=degree).transpile([circuit])[0]
        return int(fitted.count_ops().get("cx", 0))

    assert pairs(0.9) < pairs(1.0)


def test_simulator_uses_coupling_map_and_basis_gates_of_the_options(bell: QuantumCircuit) -> None:
    far = QuantumCircuit(3)
    far.h(0)
    far.cx(0, 2)
    far.measure_all()

    fitted = machine(
        "ibmq_qasm_simulator",
        coupling_map=[[0, 1], [1, 0], [1, 2], [2, 1]],
        basis_gates=["u", "cz"],
        initial_layout=[0, 1, 2],
    ).transpile([far])[0]

    assert {item.operation.name for item in fitted.data} <= {"u", "cz", "barrier", "measure"}
    pairs = {
        tuple(sorted(fitted.find_bit(q).index for q in item.qubits))
        for item in fitted.data
        if item.operation.name == "cz"
    }
    assert pairs <= {(0, 1), (1, 2)}


def test_skipping_transpilation_leaves_the_circuit_unchanged() -> None:
    circuit = QuantumCircuit(2)
    circuit.sx(0)
    circuit.sx(0)
    circuit.cx(0, 1)
    circuit.measure_all()

    assert machine(skip_transpilation=True).transpile([circuit])[0] is circuit


@pytest.mark.parametrize(
    ("gate", "message"), [("h", "has the gate 'h'"), ("cx", r"on the qubits \(0, 4\)")]
)
def test_skipping_transpilation_rejects_unsupported_gates(gate: str, message: str) -> None:
    circuit = QuantumCircuit(5)
    circuit.h(0) if gate == "h" else circuit.cx(0, 4)
    circuit.measure_all()

    with pytest.raises(ValueError, match=message):
        machine(skip_transpilation=True).transpile([circuit])


# -- noise and seeds


@pytest.mark.filterwarnings("ignore:from_dict:DeprecationWarning")  # Aer, with nothing in its place
def test_simulator_uses_noise_model_of_the_options() -> None:
    model = NoiseModel()
    model.add_all_qubit_readout_error(ReadoutError([[0.8, 0.2], [0.2, 0.8]]))
    circuit = QuantumCircuit(1)
    circuit.id(0)
    circuit.measure_all()

    for given in (model, model.to_dict()):
        options = {"noise_model": given, "seed_simulator": 2}
        dist = run_here("sampler", circuits=[circuit], run_options=options)["quasi_dists"][0]
        assert dist["1"] == pytest.approx(0.2, abs=0.032)  # five sigma of 4000 shots


def test_reduced_noise_model_equals_that_of_the_device() -> None:
    """
    With equal seeds, the counts equal those of the full noise model.
    """
    from qiskit_aer import AerSimulator

    backend = LocalBackend.of("fake_manila")
    there = machine(run=Run(seed=11), initial_layout=[1, 2])
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    fitted = there.transpile([circuit])

    counts, expected = (
        AerSimulator(noise_model=model, max_parallel_shots=1)
        .run(fitted, shots=2000, seed_simulator=11)
        .result()
        .get_counts()
        for model in (
            there.noise_of(fitted[0]),
            NoiseModel.from_backend_properties(backend.properties()),
        )
    )

    assert counts == expected


@pytest.mark.parametrize("level", [0, 1])
def test_seed_reproduces_a_sampler_job(bell: QuantumCircuit, level: int) -> None:
    def dists(seed: int) -> Any:
        return run_here(
            "sampler",
            "fake_manila",
            circuits=[bell],
            resilience_settings={"level": level},
            run_options={"seed_simulator": seed},
        )["quasi_dists"]

    assert dists(3) == dists(3)
    assert dists(3) != dists(4)


def test_backend_is_given_by_name_or_configuration() -> None:
    assert LocalBackend.of({"name": "fake_manila"}) is LocalBackend.of("fake_manila")
