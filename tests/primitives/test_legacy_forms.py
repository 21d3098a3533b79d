"""Forms deprecated in 0.9.3: they work, and warn at the caller's line."""

from __future__ import annotations

import warnings
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import EstimatorResult, SamplerResult
from qiskit.quantum_info import SparsePauliOp
from tests.ids import label

from qiskit_ibm_runtime import Estimator, QiskitRuntimeService, Sampler

from .conftest import inputs

ANGLE, OTHER = Parameter("angle"), Parameter("other")


@pytest.fixture
def circuits() -> list[QuantumCircuit]:
    rotated, flipped = QuantumCircuit(1), QuantumCircuit(1)
    rotated.ry(ANGLE, 0)
    flipped.x(0)
    return [rotated, flipped]


@pytest.fixture
def measured(circuits: list[QuantumCircuit]) -> list[QuantumCircuit]:
    return [circuit.measure_all(inplace=False) for circuit in circuits]


@pytest.fixture
def ignore_deprecations() -> Any:
    """Ignore deprecation warnings in tests of something else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


class TestConstruction:
    def test_with_circuits_warns_once(
        self, recording_session: MagicMock, measured: list[QuantumCircuit]
    ) -> None:
        with pytest.warns(DeprecationWarning, match="circuits") as caught:
            sampler = Sampler(measured, [[ANGLE], []], session=recording_session)

        assert [warning.filename for warning in caught] == [__file__]
        assert sampler.circuits == tuple(measured)
        assert [list(names) for names in sampler.parameters] == [[ANGLE], []]

    def test_with_observables_warns_once(
        self, recording_session: MagicMock, circuits: list[QuantumCircuit]
    ) -> None:
        with pytest.warns(DeprecationWarning, match="observables") as caught:
            estimator = Estimator(circuits, ["Z", SparsePauliOp("X")], session=recording_session)

        assert [warning.filename for warning in caught] == [__file__]
        assert estimator.observables == (SparsePauliOp("Z"), SparsePauliOp("X"))
        assert [list(names) for names in estimator.parameters] == [[ANGLE], []]

    @pytest.mark.usefixtures("ignore_deprecations")
    def test_accepts_single_circuit(
        self, recording_session: MagicMock, measured: list[QuantumCircuit]
    ) -> None:
        assert Sampler(measured[1], session=recording_session).circuits == (measured[1],)

    @pytest.mark.usefixtures("ignore_deprecations")
    @pytest.mark.parametrize(
        "names",
        [[[], []], [[ANGLE, OTHER], []], [[OTHER], [ANGLE]], [(ANGLE,), ()], ["a", None]],
        ids=["fewer", "more", "others", "tuples", "texts and none"],
    )
    def test_sampler_accepts_given_parameters(
        self, recording_session: MagicMock, measured: list[QuantumCircuit], names: Any
    ) -> None:
        sampler = Sampler(measured, names, session=recording_session)

        assert sampler.parameters == tuple(tuple(each or ()) for each in names)

    @pytest.mark.usefixtures("ignore_deprecations")
    def test_estimator_accepts_other_parameters_of_the_same_number(
        self, recording_session: MagicMock, circuits: list[QuantumCircuit]
    ) -> None:
        made = Estimator(circuits, ["Z"], [[OTHER], []], session=recording_session)

        assert made.parameters == ((OTHER,), ())
        for names, count in (([[], []], 0), ([[ANGLE, OTHER], []], 2)):
            with pytest.raises(ValueError, match=rf"Circuit 0 .* has 1 parameters, but {count}"):
                Estimator(circuits, ["Z"], names, session=recording_session)

    @pytest.mark.usefixtures("ignore_deprecations")
    def test_rejects_parameters_of_more_or_fewer_circuits(
        self, recording_session: MagicMock, measured: list[QuantumCircuit]
    ) -> None:
        with pytest.raises(ValueError, match="Got 1 sets of parameters for 2 circuits"):
            Sampler(measured, [[ANGLE]], session=recording_session)

    @pytest.mark.usefixtures("ignore_deprecations")
    @pytest.mark.parametrize(
        ("junk", "named"),
        [
            ("h q[0];", r"'circuits' must be .*, not str"),
            (7, r"'circuits' must be .*, not int"),
            ([None], r"Element 0 of 'circuits' .*, not NoneType"),
        ],
        ids=label,
    )
    def test_rejects_non_circuits(
        self, primitive: type[Any], recording_session: MagicMock, junk: Any, named: str
    ) -> None:
        with pytest.raises(TypeError, match=named):
            primitive(circuits=junk, session=recording_session)

    @pytest.mark.usefixtures("ignore_deprecations")
    def test_accepts_any_iterable(
        self, primitive: type[Any], recording_session: MagicMock, measured: list[QuantumCircuit]
    ) -> None:
        assert primitive(circuits=iter(measured), session=recording_session).circuits == tuple(
            measured
        )
        assert primitive(circuits=[], session=recording_session).circuits == ()

    @pytest.mark.usefixtures("ignore_deprecations")
    def test_rejects_parameters_without_circuits(
        self, primitive: type[Any], recording_session: MagicMock
    ) -> None:
        with pytest.raises(ValueError, match="Got 1 sets of parameters for 0 circuits"):
            primitive(parameters=[[ANGLE]], session=recording_session)

    def test_without_circuits_has_no_circuits(self, recording_session: MagicMock) -> None:
        estimator = Estimator(session=recording_session)

        assert estimator.circuits == estimator.observables == estimator.parameters == ()

    @pytest.mark.usefixtures("ignore_deprecations")
    def test_accepts_backend_object_in_options(
        self, primitive: type[Any], service: QiskitRuntimeService
    ) -> None:
        backend = service.backend("fake_manila")

        made = primitive(options={"backend": backend, "shots": 7})

        assert made.session.backend() == "fake_manila"
        assert made.session.service is service
        assert made.options.execution["shots"] == 7


class TestCalling:
    def test_warns_and_returns_the_result(
        self, service: QiskitRuntimeService, measured: list[QuantumCircuit]
    ) -> None:
        backend = service.backend("ibmq_qasm_simulator")
        with pytest.warns(DeprecationWarning, match="circuits"):
            sampler = Sampler(measured, session=backend)

        with pytest.warns(DeprecationWarning, match="Calling a Sampler") as caught:
            result = sampler([1, 0, measured[0]], [[], [np.pi], [0.0]], shots=10)

        assert [warning.filename for warning in caught] == [__file__]
        assert isinstance(result, SamplerResult)
        assert result.quasi_dists == [{1: 1.0}, {1: 1.0}, {0: 1.0}]

    @pytest.mark.usefixtures("ignore_deprecations")
    def test_estimator_accepts_indices_and_objects(
        self, service: QiskitRuntimeService, circuits: list[QuantumCircuit]
    ) -> None:
        backend = service.backend("ibmq_qasm_simulator")
        observables = [SparsePauliOp("Z"), SparsePauliOp("X")]
        estimator = Estimator(circuits, observables, session=backend)

        result = estimator([0, circuits[1], 0], [1, observables[0], "Z"], [[np.pi / 2], [], [0.0]])

        assert isinstance(result, EstimatorResult)
        np.testing.assert_allclose(result.values, [1, -1, 1])

    @pytest.mark.usefixtures("ignore_deprecations")
    def test_sends_circuits_unchanged_with_indices(
        self, recording_session: MagicMock, measured: list[QuantumCircuit]
    ) -> None:
        sampler = Sampler(measured, session=recording_session)

        sampler([measured[1].copy(), 0], [[], [0.5]], callback=print, seed_simulator=1)

        sent = inputs(recording_session)
        assert sent["circuits"] == measured
        assert sent["circuit_indices"] == [1, 0]
        assert sent["parameter_values"] == ((), (0.5,))
        assert sent["run_options"]["seed_simulator"] == 1
        assert sent["transpilation_settings"]["optimization_settings"] == {"level": 1}
        assert recording_session.run.call_args.kwargs["callback"] is None

    @pytest.mark.usefixtures("ignore_deprecations")
    @pytest.mark.parametrize(
        "indices", [np.array([1, 0]), (np.int64(1), 0), range(1, -1, -1)], ids=label
    )
    def test_accepts_indices_in_arrays_and_ranges(
        self, recording_session: MagicMock, measured: list[QuantumCircuit], indices: Any
    ) -> None:
        Sampler(measured, session=recording_session)(indices, [[], [0.5]])

        assert inputs(recording_session)["circuit_indices"] == [1, 0]

    @pytest.mark.usefixtures("ignore_deprecations")
    def test_binds_values_in_the_order_of_the_given_parameters(
        self, service: QiskitRuntimeService
    ) -> None:
        other = Parameter("other")
        circuit = QuantumCircuit(2)
        circuit.rx(ANGLE, 0)
        circuit.rx(other, 1)
        circuit.measure_all()
        backend = service.backend("ibmq_qasm_simulator")
        sampler = Sampler([circuit], [[other, ANGLE]], session=backend)

        assert sampler([0], [[np.pi, 0]], shots=10).quasi_dists == [{2: 1.0}]

    @pytest.mark.usefixtures("ignore_deprecations")
    def test_accepts_values_for_the_given_parameters(
        self, recording_session: MagicMock, measured: list[QuantumCircuit]
    ) -> None:
        sampler = Sampler(measured, [[ANGLE, OTHER], []], session=recording_session)

        sampler([0, 1], [[1, 2], []])
        assert inputs(recording_session)["parameters"] == [(ANGLE, OTHER), ()]
        assert inputs(recording_session)["parameter_values"] == ((1.0, 2.0), ())
        with pytest.raises(ValueError, match=r"Circuit 0 .*2 parameters, but 1 values"):
            sampler([0], [[1]])

    @pytest.mark.usefixtures("ignore_deprecations")
    def test_counts_negative_indices_from_the_end(
        self, service: QiskitRuntimeService, circuits: list[QuantumCircuit]
    ) -> None:
        observables = [SparsePauliOp("Z"), SparsePauliOp("X")]
        estimator = Estimator(circuits, observables, session=service.backend("ibmq_qasm_simulator"))

        result = estimator([-1, -2, 0], [0, -1, -2], [[], [np.pi / 2], [0.0]])

        np.testing.assert_allclose(result.values, [-1, 1, 1])  # eigenstates: no shot noise

    @pytest.mark.usefixtures("ignore_deprecations")
    def test_validates_a_call_like_a_run(
        self, recording_session: MagicMock, circuits: list[QuantumCircuit]
    ) -> None:
        with pytest.raises(ValueError, match=r"Circuit 0 .*has no classical bits"):
            Sampler(circuits, session=recording_session)([1], [[]])
        with pytest.raises(ValueError, match=r"Observable 1 acts on 2 qubits, but circuit 1"):
            Estimator(circuits, ["Z", "ZZ"], session=recording_session)([1, 1], [0, 1], [[], []])
        recording_session.run.assert_not_called()

    @pytest.mark.usefixtures("ignore_deprecations")
    @pytest.mark.parametrize("unknown", [2, -3, QuantumCircuit(3, 3), "h", None], ids=label)
    def test_rejects_circuits_not_given_to_the_constructor(
        self, recording_session: MagicMock, measured: list[QuantumCircuit], unknown: Any
    ) -> None:
        sampler = Sampler(measured, session=recording_session)

        with pytest.raises(ValueError, match="not one of the 2 passed to the constructor"):
            sampler([unknown], [[]])
        recording_session.run.assert_not_called()

    @pytest.mark.usefixtures("ignore_deprecations")
    @pytest.mark.parametrize("unknown", [1, "X", SparsePauliOp("X"), None], ids=label)
    def test_rejects_observables_not_given_to_the_constructor(
        self, recording_session: MagicMock, circuits: list[QuantumCircuit], unknown: Any
    ) -> None:
        estimator = Estimator(circuits, ["Z"], session=recording_session)

        with pytest.raises(ValueError, match=r"not one of the 1 passed to the constructor"):
            estimator([1], [unknown], [[]])

    @pytest.mark.usefixtures("ignore_deprecations")
    def test_rejects_mismatched_lengths(
        self, recording_session: MagicMock, circuits: list[QuantumCircuit]
    ) -> None:
        estimator = Estimator(circuits, ["Z"], session=recording_session)

        with pytest.raises(ValueError, match="Got 1 observables for 2 circuits"):
            estimator([0, 1], [0], [[0.5], []])
        with pytest.raises(ValueError, match="1 sets of values for 2 circuits"):
            estimator([0, 1], [0, 0], [[0.5]])
        recording_session.run.assert_not_called()


class TestClosing:
    def test_happens_at_the_end_of_a_with_block(
        self, primitive: type[Any], recording_session: MagicMock
    ) -> None:
        with pytest.warns(DeprecationWarning, match="close") as caught:  # noqa: SIM117
            with primitive(session=recording_session) as made:
                recording_session.close.assert_not_called()

        assert isinstance(made, primitive)
        recording_session.close.assert_called_once_with()
        assert [warning.filename for warning in caught] == [__file__]


def test_legacy_workflow_still_runs(
    service: QiskitRuntimeService, measured: list[QuantumCircuit]
) -> None:
    with pytest.warns(DeprecationWarning) as caught:  # noqa: PT030, SIM117 - several, and counted
        with Sampler(
            circuits=measured,
            service=service,
            options={"backend": "ibmq_qasm_simulator", "optimization_level": 1},
        ) as sampler:
            result = sampler([1], [[]])

    assert result.quasi_dists == [{1: 1.0}]
    assert len(caught) == 5  # circuits, service, backend, calling, closing
