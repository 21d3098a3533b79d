"""What a primitive passes to its session, and what it rejects before."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.primitives import BaseEstimator, BaseSampler
from qiskit.quantum_info import SparsePauliOp
from tests.ids import label

from qiskit_ibm_runtime import Estimator, QiskitRuntimeService, Sampler, Session
from qiskit_ibm_runtime.constants import DEFAULT_DECODERS
from qiskit_ibm_runtime.exceptions import IBMRuntimeError

from .conftest import inputs, runtime_options


def test_are_terra_primitives(recording_session: MagicMock) -> None:
    assert isinstance(Sampler(session=recording_session), BaseSampler)
    assert isinstance(Estimator(session=recording_session), BaseEstimator)


def test_signatures_match_0_9_3() -> None:
    legacy = ["parameters", "service", "session", "options", "skip_transpilation"]
    assert list(inspect.signature(Sampler).parameters) == ["circuits", *legacy]
    assert list(inspect.signature(Estimator).parameters) == ["circuits", "observables", *legacy]


def test_service_may_be_positional(recording_session: MagicMock) -> None:
    """
    Terra 0.23 counts its own positional arguments; ours has more.
    """
    with pytest.warns(DeprecationWarning, match="service"):
        sampler = Sampler(None, None, MagicMock(), recording_session)

    assert sampler.session is recording_session


def test_sampler_passes_inputs_by_keyword(
    recording_session: MagicMock, bell: QuantumCircuit
) -> None:
    job = Sampler(session=recording_session).run(bell)

    given = recording_session.run.call_args
    assert job is recording_session.run.return_value
    assert given.args == ()
    assert given.kwargs["program_id"] == "sampler"
    assert given.kwargs["callback"] is None
    assert given.kwargs["result_decoder"] == DEFAULT_DECODERS["sampler"]
    assert runtime_options(recording_session) == {
        "max_execution_time": None,
        "log_level": "WARNING",
        "job_tags": [],
    }
    sent = inputs(recording_session)
    assert sent["circuits"] == (bell,)
    assert [list(names) for names in sent["parameters"]] == [[]]
    assert sent["circuit_indices"] == [0]
    assert sent["parameter_values"] == ((),)
    assert sent.keys() == {
        "circuits",
        "parameters",
        "circuit_indices",
        "parameter_values",
        "transpilation_settings",
        "resilience_settings",
        "run_options",
    }


def test_estimator_adds_observables(recording_session: MagicMock) -> None:
    Estimator(session=recording_session).run(QuantumCircuit(2), "ZZ")

    sent = inputs(recording_session)
    assert recording_session.run.call_args.kwargs["program_id"] == "estimator"
    assert recording_session.run.call_args.kwargs["result_decoder"] == DEFAULT_DECODERS["estimator"]
    assert sent["observables"] == (SparsePauliOp("ZZ"),)
    assert sent["observable_indices"] == [0]


def test_parameters_are_sent_in_vector_order(
    recording_session: MagicMock, primitive: type[Any]
) -> None:
    """
    By index: a[10] follows a[9], although it is used first.
    """
    vector = ParameterVector("a", 12)
    circuit = QuantumCircuit(1, 1)
    for element in reversed(list(vector)):
        circuit.rx(element, 0)
    observables = ["Z"] if primitive is Estimator else []

    primitive(session=recording_session).run(circuit, *observables, list(range(12)))

    assert list(inputs(recording_session)["parameters"][0]) == list(vector)
    assert inputs(recording_session)["parameter_values"] == (
        tuple(float(value) for value in range(12)),
    )


def test_accepts_circuit_without_measurement(recording_session: MagicMock) -> None:
    Sampler(session=recording_session).run(QuantumCircuit(1, 1))

    assert recording_session.run.call_count == 1


def test_observables_for_a_sampler_are_an_unknown_option(
    recording_session: MagicMock, bell: QuantumCircuit
) -> None:
    with pytest.warns(UserWarning, match="observables"):
        Sampler(session=recording_session).run(bell, observables="ZZ")

    assert inputs(recording_session)["observables"] == "ZZ"


def test_options_are_not_accepted_as_circuits(
    recording_session: MagicMock, bell: QuantumCircuit
) -> None:
    sampler = Sampler(
        session=recording_session, options={"circuits": "other", "circuit_ids": ["a"]}
    )
    with pytest.warns(UserWarning, match=r"'circuit"):
        sampler.run(bell)

    assert inputs(recording_session)["circuits"] == (bell,)
    assert inputs(recording_session)["circuit_ids"] == ["a"]


@pytest.mark.parametrize("wrong", [7, QuantumCircuit(1), object, b"name"], ids=label)
def test_rejects_session_of_another_type(primitive: type[Any], wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"'session' takes a Session, a backend or the name"):
        primitive(session=wrong)


def device(**limits: Any) -> SimpleNamespace:
    configuration = SimpleNamespace(simulator=False, backend_name="tiny", **limits)
    return SimpleNamespace(configuration=lambda: configuration, check_faulty=MagicMock())


class TestFaultyParts:
    @pytest.fixture
    def on(self) -> Any:
        def session(backend: Any) -> MagicMock:
            session = MagicMock(spec=Session)
            session.backend.return_value = "tiny"
            session.service.backend.return_value = backend
            return session

        return session

    def test_untranspiled_circuit_on_faulty_parts_is_rejected(
        self, on: Any, primitive: type[Any]
    ) -> None:
        backend = device(n_qubits=3)
        session = on(backend)
        good, bad = QuantumCircuit(1, 1, name="good"), QuantumCircuit(2, 1, name="bad")
        backend.check_faulty.side_effect = [None, ValueError("faulty qubit 1")]
        observables = [["Z", "ZZ"]] if primitive is Estimator else []

        with pytest.raises(ValueError, match="faulty qubit 1"):
            primitive(session=session).run([good, bad], *observables, skip_transpilation=True)
        session.run.assert_not_called()
        assert [call.args[0] for call in backend.check_faulty.call_args_list] == [good, bad]

    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_unused_circuits_may_use_faulty_parts(self, on: Any) -> None:
        backend = device(n_qubits=3)
        session = on(backend)
        bad, good = QuantumCircuit(2, 1, name="bad"), QuantumCircuit(1, 1, name="good")
        backend.check_faulty.side_effect = lambda circuit: 1 / (circuit is good)

        Sampler([bad, good], session=session)([1, 1], [[], []], skip_transpilation=True)

        backend.check_faulty.assert_called_once_with(good)

    def test_faulty_parts_are_allowed_if_the_service_transpiles(self, on: Any) -> None:
        backend = device()
        session = on(backend)

        Sampler(session=session).run(QuantumCircuit(1, 1))

        backend.check_faulty.assert_not_called()
        assert session.run.call_count == 1


class TestBackendLimits:
    """They are checked when a job is submitted; a mock session accepts everything."""

    @pytest.fixture
    def sampler(self, service: QiskitRuntimeService) -> Sampler:
        return Sampler(session=Session(service, "fake_manila"))

    def test_reject_circuit_with_more_qubits(self, sampler: Sampler) -> None:
        circuits = [QuantumCircuit(5, 1), QuantumCircuit(5, 1), QuantumCircuit(6, 1, name="wide")]

        with pytest.raises(
            ValueError, match=r"Circuit 2 \('wide'\) has 6 qubits.*'fake_manila' has 5"
        ):
            sampler.run(circuits)
        assert sampler.session.session_id is None

    @pytest.mark.parametrize("shots", [8193, 8193.0, np.int64(8193), np.array(8193)], ids=label)
    def test_reject_more_shots(self, sampler: Sampler, shots: Any) -> None:
        with pytest.raises(ValueError, match=r"'shots' is 8193.*'fake_manila' takes at most 8192"):
            sampler.run(QuantumCircuit(1, 1), shots=shots)
        assert sampler.session.session_id is None

    def test_reject_simulation_that_would_take_days(self, service: QiskitRuntimeService) -> None:
        sampler = Sampler(session=Session(service, "fake_washington"))
        circuit = QuantumCircuit(127, 1, name="wide")
        circuit.h(range(34))

        with pytest.raises(
            ValueError, match=r"'wide' is too large for a noisy simulation: with 34"
        ):
            sampler.run(circuit)
        assert sampler.session.session_id is None

    def test_count_only_qubits_in_use(self, service: QiskitRuntimeService) -> None:
        sampler = Sampler(session=Session(service, "fake_washington"))
        circuit = QuantumCircuit(127, 1)
        circuit.h([100, 101])
        circuit.barrier()
        circuit.measure(100, 0)

        assert sampler.run(circuit, skip_transpilation=False, shots=10).result().quasi_dists

    def test_accept_values_at_the_limit(self, sampler: Sampler) -> None:
        circuit = QuantumCircuit(5, 1)
        circuit.measure(0, 0)

        assert sampler.run(circuit, shots=8192).result().metadata[0]["shots"] == 8192

    def test_can_be_left_to_the_service(
        self, sampler: Sampler, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("QISKIT_RUNTIME_SKIP_OPTIONS_VALIDATION", "1")

        circuit = QuantumCircuit(6, 1)
        circuit.measure(0, 0)

        with pytest.raises(IBMRuntimeError, match="6"):
            sampler.run(circuit).result()

    @pytest.mark.parametrize(
        "run",
        [
            lambda primitive: primitive.run(QuantumCircuit(9, 1), shots=10**9),
            lambda primitive: primitive.run(
                QuantumCircuit(1, 1), coupling_map="line", shots=0, noise_factors=3
            ),
        ],
        ids=["size", "types"],
    )
    @pytest.mark.parametrize("replaced", ["session", "service", "client"])
    def test_and_option_types_are_not_checked_for_mocks(
        self,
        service: QiskitRuntimeService,
        monkeypatch: pytest.MonkeyPatch,
        run: Any,
        replaced: str,
    ) -> None:
        session = Session(service, "fake_manila")
        place, name, result = {
            "session": (session, "run", None),
            "service": (service, "run", MagicMock()),
            "client": (service._api_client, "program_run", {"id": "job"}),
        }[replaced]
        stand_in = MagicMock(return_value=result)
        monkeypatch.setattr(place, name, stand_in)

        run(Sampler(session=session, options={"resilience_level": 0}))

        assert stand_in.call_count == 1


class TestSubclass:
    """Third-party error mitigation overrides the method that terra's ``run`` calls."""

    def test_overridden_run_is_called(
        self, recording_session: MagicMock, bell: QuantumCircuit
    ) -> None:
        class Doubling(Sampler):
            def _run(self, circuits: Any, parameter_values: Any, **run_options: Any) -> Any:
                job = super()._run(
                    circuits=circuits * 2, parameter_values=parameter_values * 2, **run_options
                )
                return "wrapped", job

        result = Doubling(session=recording_session).run(bell, shots=7)

        assert result == ("wrapped", recording_session.run.return_value)
        assert inputs(recording_session)["parameter_values"] == ((), ())
        assert inputs(recording_session)["run_options"]["shots"] == 7

    def test_receives_keyword_arguments(
        self, recording_session: MagicMock, primitive: type[Any]
    ) -> None:
        seen = {}

        class Watching(primitive):
            def _run(self, **arguments: Any) -> Any:
                seen.update(arguments)

        circuit = QuantumCircuit(1, 1)
        observables = {"observables": "Z"} if primitive is Estimator else {}
        Watching(session=recording_session).run(circuit, **observables, shots=7)

        expected = {
            "circuits": (circuit,),
            "parameter_values": ((),),
            "_user_kwargs": {"shots": 7},
        }
        if primitive is Estimator:
            expected["observables"] = (SparsePauliOp("Z"),)
        assert seen == expected
        recording_session.run.assert_not_called()

    def test_may_pass_options_by_name(
        self, recording_session: MagicMock, bell: QuantumCircuit
    ) -> None:
        class Precise(Sampler):
            def _run(self, *args: Any, **kwargs: Any) -> Any:
                return super()._run(*args, **kwargs, shots=10, init_qubits=False)

        sampler = Precise(session=recording_session)
        sampler.run(bell, shots=7)

        assert inputs(recording_session)["run_options"]["shots"] == 7
        assert inputs(recording_session)["run_options"]["init_qubits"] is False
        assert sampler.options.execution == {"shots": 4000, "init_qubits": True}

    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_is_called_by_a_deprecated_call(
        self, recording_session: MagicMock, primitive: type[Any], bell: QuantumCircuit
    ) -> None:
        class Calling(primitive):
            def _call(self, **arguments: Any) -> Any:
                return arguments, super()._call(**arguments)

        more = ["ZZ"] if primitive is Estimator else []
        seen, result = Calling(bell, *more, session=recording_session)([bell], *more, shots=7)

        assert result is recording_session.run.return_value.result.return_value
        assert seen.pop("observables", [0]) == [0]
        assert seen == {"circuits": [0], "parameter_values": ((),), "shots": 7}
