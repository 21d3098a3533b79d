"""Option types on the embedded runtime: wrong ones are never sent, all others run."""

from __future__ import annotations

import warnings
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import Qubit
from qiskit.transpiler import CouplingMap, Layout
from qiskit_aer.noise import NoiseModel, depolarizing_error
from tests.ids import label

from qiskit_ibm_runtime import QiskitRuntimeService, RuntimeJobFailureError, Sampler, Session

from .conftest import SIMULATOR, inputs, sent


@pytest.fixture(scope="module")
def sampler(service: QiskitRuntimeService) -> Sampler:
    return Sampler(session=Session(service, SIMULATOR), options={"shots": 20})


def one_and_zero() -> QuantumCircuit:
    """A circuit that measures 1 on its first qubit and 0 on its second."""
    circuit = QuantumCircuit(2, name="mine")
    circuit.x(0)
    circuit.measure_all()
    return circuit


@pytest.mark.parametrize(
    "options",
    [
        {"seed_simulator": "x"},
        {"coupling_map": "line"},
        {"coupling_map": [[0, 1, 2]]},
        {"noise_model": "depolarizing"},
        {"basis_gates": "u,cx"},
        {"skip_transpilation": "False"},
        {"initial_layout": 7},
        {"initial_layout": [0, 0]},
        {"layout_method": ["sabre"]},
        {"routing_method": 7},
        {"approximation_degree": "0.5"},
        {"shots": "10"},
        {"init_qubits": "no"},
    ],
    ids=label,
)
def test_wrong_option_type_stops_the_run_before_sending(
    service: QiskitRuntimeService, sampler: Sampler, options: dict[str, Any]
) -> None:
    before = service._api_client.jobs_get(limit=1)["count"]
    (name,) = options

    with pytest.raises(ValueError, match=rf"^'{name}' must be .*, not"):
        sampler.run(one_and_zero(), **options)
    assert service._api_client.jobs_get(limit=1)["count"] == before


def noise() -> NoiseModel:
    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(0.0, 2), ["cx"])
    return model


def noise_as_dict() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the class from Aer, not a stand-in
        form: dict[str, Any] = noise().to_dict()
    return form


REGISTER = QuantumRegister(2, "q")
SWAPPED = Layout.from_intlist([1, 0], REGISTER)


@pytest.mark.parametrize(
    "options",
    [
        {"seed_simulator": np.int64(7), "shots": 1e1},
        {"seed_simulator": np.array(-7)},
        {"coupling_map": CouplingMap([[0, 1], [1, 0]])},
        {"coupling_map": ((0, 1), (1, 0))},
        {"coupling_map": np.array([[0, 1], [1, 0]])},
        {"coupling_map": {(0, 1)}},
        {"noise_model": noise, "resilience_level": 0},
        {"noise_model": noise_as_dict, "resilience_level": 0},
        pytest.param({"basis_gates": {"u", "cx"}}, id="set of gates"),
        {"basis_gates": np.array(["u", "cx"])},
        {"skip_transpilation": np.bool_(True), "init_qubits": np.bool_(True)},
        {"initial_layout": (1, 0)},
        {"initial_layout": np.array([1, 0])},
        {"initial_layout": {0: 1, 1: 0}},
        {"initial_layout": SWAPPED},
        {"initial_layout": {REGISTER[0]: 1, REGISTER[1]: 0}},
        {"initial_layout": {1: REGISTER[0], 0: REGISTER[1]}},
        {"initial_layout": [REGISTER[1], REGISTER[0]]},
        {"approximation_degree": np.float32(0.5), "routing_method": "basic"},
        {"log_level": "debug", "job_tags": None},
        {"environment": {"log_level": "", "callback": None}},
    ],
    ids=label,
)
def test_every_usable_option_form_runs(sampler: Sampler, options: dict[str, Any]) -> None:
    given = {name: value() if callable(value) else value for name, value in options.items()}

    result = sampler.run(one_and_zero(), **given).result()

    assert result.quasi_dists[0] == {1: 1.0}


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"coupling_map": []}, "'coupling_map' is empty"), ({"basis_gates": ["foo"]}, "foo")],
    ids=label,
)
def test_inconsistent_simulator_options_fail_the_job_with_the_reason(
    sampler: Sampler, options: dict[str, Any], reason: str
) -> None:
    job = sampler.run(one_and_zero(), **options)

    with pytest.raises(RuntimeJobFailureError, match=reason):
        job.result()


@pytest.mark.parametrize("options", [{"optimization_level": True}, {"optimization_level": 1.0}])
def test_levels_given_as_other_number_types_run(sampler: Sampler, options: dict[str, Any]) -> None:
    assert sampler.run(one_and_zero(), **options).result().quasi_dists[0] == {1: 1.0}


@pytest.mark.parametrize("seed", [-1, -(2**63), 2**63 - 1])
def test_any_64_bit_seed_reproduces_a_mitigated_result(
    service: QiskitRuntimeService, seed: int
) -> None:
    sampler = Sampler(session=Session(service, "fake_manila"), options={"resilience_level": 1})

    first, second = (
        sampler.run(one_and_zero(), seed_simulator=seed, shots=100).result() for _ in range(2)
    )

    assert first.quasi_dists == second.quasi_dists


class TestLayoutsOfWrongLength:
    @pytest.mark.parametrize("layout", [[1], [0, 1, 2], np.arange(3)], ids=label)
    def test_are_rejected_with_the_mismatched_circuit(
        self, recording_session: MagicMock, layout: Any
    ) -> None:
        refusal = (
            rf"'initial_layout' has {len(layout)} places, but circuit 0 \('mine'\) has 2 qubits"
        )

        Sampler(session=recording_session).run(one_and_zero(), initial_layout=layout)

        with pytest.raises(ValueError, match=refusal):
            sent(recording_session)

    def test_are_accepted_if_nothing_is_transpiled(self, recording_session: MagicMock) -> None:
        Sampler(session=recording_session).run(
            one_and_zero(), initial_layout=[1], skip_transpilation=True
        )

        assert sent(recording_session)["transpilation_settings"]["initial_layout"] == [1]

    def test_empty_layout_is_accepted(self, recording_session: MagicMock) -> None:
        Sampler(session=recording_session).run(one_and_zero(), initial_layout=[])

        assert sent(recording_session)["transpilation_settings"]["initial_layout"] == []


class TestQubitLayouts:
    """Qubits are sent as numbers, because a service does not have the circuit's objects."""

    @pytest.mark.parametrize(
        "layout",
        [
            Layout({REGISTER[0]: 3, REGISTER[1]: 1, Qubit(): 0}),
            {REGISTER[0]: 3, REGISTER[1]: 1},
            {3: REGISTER[0], 1: REGISTER[1]},
            [None, REGISTER[1], None, REGISTER[0]],
        ],
        ids=["Layout", "from qubits", "to qubits", "a list of qubits"],
    )
    def test_are_sent_in_circuit_order(self, recording_session: MagicMock, layout: Any) -> None:
        Sampler(session=recording_session, options={"initial_layout": layout}).run(
            [one_and_zero(), one_and_zero().copy("another")]
        )

        assert sent(recording_session)["transpilation_settings"]["initial_layout"] == [3, 1]

    def test_missing_a_qubit_are_rejected(self, recording_session: MagicMock) -> None:
        Sampler(session=recording_session).run(one_and_zero(), initial_layout={REGISTER[0]: 1})

        with pytest.raises(ValueError, match=r"no place for .*Qubit.* of the circuit 'mine'"):
            sent(recording_session)

    def test_that_differ_between_circuits_are_rejected(self, recording_session: MagicMock) -> None:
        first, second = QuantumCircuit(REGISTER), QuantumCircuit(REGISTER[::-1])
        for circuit in (first, second):
            circuit.measure_all()

        Sampler(session=recording_session).run([first, second], initial_layout=SWAPPED)

        with pytest.raises(
            ValueError, match=r"\[1, 0\] in one circuit and for \[0, 1\] in another"
        ):
            sent(recording_session)

    def test_using_a_qubit_twice_are_rejected(self, recording_session: MagicMock) -> None:
        layout = {REGISTER[0]: 1, REGISTER[1]: 1}

        Sampler(session=recording_session).run(one_and_zero(), initial_layout=layout)

        with pytest.raises(ValueError, match=r"'initial_layout' must be .*, not \[1, 1\]"):
            sent(recording_session)

    def test_do_not_change_the_options_of_the_primitive(self, recording_session: MagicMock) -> None:
        sampler = Sampler(session=recording_session, options={"initial_layout": SWAPPED})

        sampler.run(one_and_zero())

        assert sampler.options.transpilation["initial_layout"] is SWAPPED
        assert inputs(recording_session)["transpilation_settings"]["initial_layout"] is SWAPPED
