"""Accepted forms of circuits, parameter values and observables."""

from __future__ import annotations

import math
import sys
import warnings
from typing import Any

import numpy as np
import pytest
import qiskit
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.exceptions import QiskitError
from qiskit.primitives import BaseSampler
from qiskit.quantum_info import Choi, Operator, Pauli, PauliList, SparsePauliOp
from tests.ids import label

from qiskit_ibm_runtime import Estimator
from qiskit_ibm_runtime._primitives.inputs import (
    as_circuits,
    as_observables,
    as_parameter_values,
    check_classical_bits,
)
from qiskit_ibm_runtime._primitives.sent_inputs import as_sent

OLD_TERRA_NEW_NUMPY = qiskit.__version__ < "0.45" and np.__version__ >= "2"


def circuit_of(parameters: int) -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1, name=f"takes-{parameters}")
    for element in ParameterVector("a", parameters):
        circuit.rx(element, 0)
    return circuit


class TestCircuits:
    @pytest.mark.parametrize("wrap", [lambda c: c, lambda c: [c], lambda c: (c,)])
    def test_single_or_sequence_becomes_a_tuple(self, wrap: Any) -> None:
        circuit = QuantumCircuit(1)

        assert as_circuits(wrap(circuit)) == (circuit,)

    def test_empty_circuit_is_accepted(self) -> None:
        assert as_circuits(QuantumCircuit()) == (QuantumCircuit(),)

    @pytest.mark.parametrize(
        ("given", "error", "named"),
        [
            ([], ValueError, "empty"),
            ((), ValueError, "empty"),
            (None, TypeError, "NoneType"),
            ("h q[0];", TypeError, "str"),
            ({"a": QuantumCircuit(1)}, TypeError, "dict"),
            (iter([QuantumCircuit(1)]), TypeError, "iterator"),
            (np.array([1]), TypeError, "ndarray"),
            ([QuantumCircuit(1), None], TypeError, r"Element 1 .*NoneType"),
            ([[QuantumCircuit(1)]], TypeError, r"Element 0 .*list"),
        ],
        ids=label,
    )
    def test_other_types_are_rejected_by_name(
        self, given: Any, error: type[Exception], named: str
    ) -> None:
        with pytest.raises(error, match=named):
            as_circuits(given)

    def test_circuit_without_clbits_cannot_be_sampled(self) -> None:
        with pytest.raises(ValueError, match=r"Circuit 1 \('deaf'\).*measure_all"):
            check_classical_bits([QuantumCircuit(1, 1), QuantumCircuit(1, name="deaf")])


class TestParameterValues:
    @pytest.mark.parametrize(
        "given",
        [
            1,
            1.0,
            np.float32(1),
            np.int64(1),
            np.array(1.0),
            [1.0],
            (1,),
            np.array([1.0]),
            [np.array(1.0)],
            [[1.0]],
            ((1,),),
            np.array([[1]]),
            [np.array([1.0])],
            [[np.float64(1.0)]],
            range(1, 2),
        ],
        ids=label,
    )
    def test_one_value_for_one_circuit(self, given: Any) -> None:
        values = as_parameter_values(given, [circuit_of(1)])

        assert values == ((1.0,),)
        assert type(values[0][0]) is float

    @pytest.mark.parametrize("given", [None, [], (), [[]], [()], np.array([])], ids=label)
    def test_no_values_for_a_circuit_without_parameters(self, given: Any) -> None:
        assert as_parameter_values(given, [circuit_of(0)]) == ((),)

    @pytest.mark.parametrize("given", [range(2), [0, 1], (0.0, 1.0), np.arange(2), [[0, 1]]])
    def test_flat_sequence_is_one_set(self, given: Any) -> None:
        assert as_parameter_values(given, [circuit_of(2)]) == ((0.0, 1.0),)

    @pytest.mark.parametrize(
        "given", [[[1, 2], [3]], ([1, 2], (3,)), [np.array([1, 2]), range(3, 4)]], ids=label
    )
    def test_one_set_for_each_circuit(self, given: Any) -> None:
        values = as_parameter_values(given, [circuit_of(2), circuit_of(1)])

        assert values == ((1.0, 2.0), (3.0,))

    @pytest.mark.parametrize(
        "bad",
        [
            True,
            np.bool_(True),
            math.nan,
            math.inf,
            -math.inf,
            np.float64("nan"),
            1j,
            "1",
            None,
            {},
            10**400,
            Parameter("a"),
            Parameter("a") + 1,
        ],
        ids=lambda bad: repr(bad)[:20],
    )
    def test_non_finite_number_is_reported_by_index(self, bad: Any) -> None:
        with pytest.raises(TypeError, match=r"Set 1 of 'parameter_values'.*value 1"):
            as_parameter_values([[0, 0], [0, bad]], [circuit_of(2)] * 2)
        with pytest.raises(TypeError, match=r"'parameter_values'.*value 1"):
            as_parameter_values([0, bad], [circuit_of(2)])

    @pytest.mark.parametrize("bad", ["1", b"1", {}, {1.0}, True, math.nan], ids=label)
    def test_other_types_are_rejected(self, bad: Any) -> None:
        with pytest.raises(TypeError, match="'parameter_values'"):
            as_parameter_values(bad, [circuit_of(1)])

    def test_mix_of_numbers_and_sets_is_rejected(self) -> None:
        with pytest.raises(TypeError, match=r"Set 1 .*sequence of numbers, not 2\.0"):
            as_parameter_values([[1.0], 2.0], [circuit_of(1)] * 2)

    @pytest.mark.parametrize(
        ("given", "sizes", "named"),
        [
            (None, [1], r"Circuit 0 \('takes-1'\) has 1 parameters, but 0"),
            ([0.1, 0.2], [1], r"Circuit 0 .*has 1 parameters, but 2"),
            ([[0.1], [0.2]], [1, 2], r"Circuit 1 \('takes-2'\) has 2 parameters, but 1"),
            ([[0.1], [0.2]], [1], r"2 sets of values for 1 circuits"),
            ([0.1, 0.2], [1, 1], r"1 sets of values for 2 circuits"),
        ],
        ids=label,
    )
    def test_wrong_count_error_gives_expected_and_given(
        self, given: Any, sizes: list[int], named: str
    ) -> None:
        with pytest.raises(ValueError, match=named):
            as_parameter_values(given, [circuit_of(size) for size in sizes])


NUMBERS = st.one_of(
    st.floats(-9, 9),
    st.integers(-9, 9),
    st.sampled_from([np.float32(0.5), np.int64(3), np.float64("nan"), math.inf, True, 1j, None]),
)
ROWS = st.lists(NUMBERS, max_size=3).flatmap(
    lambda row: st.sampled_from([row, tuple(row), np.array(row)])
)
FORMS = st.one_of(NUMBERS, ROWS, st.lists(st.one_of(ROWS, NUMBERS), max_size=3))


class TerraValues(BaseSampler):  # type: ignore[misc]
    """Terra's interpretation of values, which is that of 0.23 in all versions."""

    _run = _call = BaseSampler.run

    @classmethod
    def read(cls, given: Any, circuits: list[QuantumCircuit]) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = cls._validate_parameter_values(given, default=[()] * len(circuits))
            cls._cross_validate_circuits_parameter_values(tuple(circuits), values)
        return values


@given(FORMS, st.lists(st.integers(0, 2), min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_values_are_interpreted_like_terra(form: Any, sizes: list[int]) -> None:
    circuits = [circuit_of(size) for size in sizes]
    try:
        expected = TerraValues.read(form, circuits)
    except (TypeError, ValueError) as error:
        with pytest.raises(type(error)):
            as_parameter_values(form, circuits)
    else:
        assert as_parameter_values(form, circuits) == expected


def pauli_sum() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qiskit.opflow import PauliSumOp

        return PauliSumOp(SparsePauliOp(["ZZ"], [0.5]), coeff=2)


needs_dense = pytest.mark.skipif(
    OLD_TERRA_NEW_NUMPY, reason="terra below 0.45 cannot make Paulis of a matrix with numpy 2"
)


def pauli_op(coefficient: Any = 1) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qiskit.opflow import PauliOp

        return PauliOp(Pauli("ZZ"), coefficient)


def sent(observables: Any) -> list[SparsePauliOp]:
    """Return observables as a request encodes them."""
    return as_sent("estimator", {"observables": observables})["observables"]


class TestObservables:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: "ZZ",
            lambda: Pauli("ZZ"),
            lambda: PauliList(["ZZ"]),
            lambda: SparsePauliOp("ZZ"),
            pytest.param(lambda: Operator(np.diag([1, -1, -1, 1])), marks=needs_dense),
            pauli_sum,
            pauli_op,
        ],
        ids=[
            "label",
            "Pauli",
            "PauliList",
            "SparsePauliOp",
            "Operator",
            "PauliSumOp",
            "PauliOp",
        ],
    )
    def test_every_form_becomes_a_sum_of_paulis_without_warning(self, make: Any) -> None:
        given = make()
        for several in (given, [given], (given,)):
            (observable,) = as_observables(several, [QuantumCircuit(2)])

            assert isinstance(observable, SparsePauliOp)
            assert observable == SparsePauliOp("ZZ")

    def test_pauli_list_is_their_sum(self) -> None:
        (observable,) = as_observables(PauliList(["XX", "ZZ"]), [QuantumCircuit(2)])

        assert observable == SparsePauliOp(["XX", "ZZ"], [1, 1])

    @pytest.mark.parametrize("junk", [None, 5, {}, "IXQ", b"ZZ", 1.5, object()], ids=label)
    def test_unreadable_observable_is_reported_by_index(self, junk: Any) -> None:
        with pytest.raises(QiskitError, match=r"Observable 1 is invalid: expected"):
            as_observables(["ZZ", junk], [QuantumCircuit(2)] * 2)

    @pytest.mark.parametrize(
        "operator",
        [Operator(np.eye(3)), Operator(np.zeros((2, 4))), Choi(np.eye(16))],
        ids=["no qubits", "not square", "channel"],
    )
    def test_unsupported_operator_is_named_but_not_shown_in_full(self, operator: Any) -> None:
        with pytest.raises(QiskitError, match=r"Observable 1 is invalid: expected") as refused:
            as_observables(["ZZ", operator], [QuantumCircuit(2)] * 2)

        assert len(str(refused.value)) < 500

    @pytest.mark.parametrize(
        "nothing",
        [
            pytest.param(lambda: Operator(np.zeros((4, 4))), marks=needs_dense),
            lambda: PauliList(["ZZ"])[:0],
        ],
        ids=["Operator", "PauliList"],
    )
    def test_empty_sum_is_sent_as_zero(self, nothing: Any) -> None:
        """
        A service cannot decode an observable without terms.
        """
        observables = as_observables(nothing(), [QuantumCircuit(2)])

        assert sent(observables) == [SparsePauliOp("II", [0.0])]

    @pytest.mark.parametrize(
        "given",
        [
            SparsePauliOp(["XX", "ZZ"], [1, 1j]),
            SparsePauliOp(["ZZ", "ZZ"], [1j, -1j]),
            SparsePauliOp(["XX", "ZZ"], [1, 1 + 1e-16j]),
        ],
        ids=label,
    )
    def test_non_hermitian_observable_is_sent_unchanged(self, given: SparsePauliOp) -> None:
        """
        Terra's estimators accept these too: commutators have complex coefficients.
        """
        (observable,) = as_observables(given, [QuantumCircuit(2)])

        assert observable is given
        assert sent([observable]) == [given]

    @pytest.mark.parametrize(
        ("given", "coefficient"),
        [(Pauli("iZZ"), 1j), (Pauli("-ZZ"), -1), ("-iZZ", -1j), (SparsePauliOp("ZZ", 2j), 2j)],
        ids=label,
    )
    def test_phases_become_coefficients(self, given: Any, coefficient: complex) -> None:
        (observable,) = as_observables(given, [QuantumCircuit(2)])

        assert observable.to_list() == [("ZZ", coefficient)]

    @needs_dense
    def test_non_hermitian_operator_gets_complex_coefficients(
        self,
    ) -> None:
        lowering = Operator(np.array([[0, 1], [0, 0]]))

        (observable,) = as_observables(lowering, [QuantumCircuit(1)])

        assert dict(observable.to_list()) == {"X": 0.5, "Y": 0.5j}

    @pytest.mark.parametrize("bad", [math.nan, math.inf], ids=label)
    def test_non_finite_coefficient_is_rejected(self, bad: float) -> None:
        given = SparsePauliOp(["XX", "ZZ"])
        given.coeffs = np.array([1, bad], dtype=complex)  # the constructor itself would warn
        observables = as_observables(["ZZ", given], [QuantumCircuit(2)] * 2)

        with pytest.raises(ValueError, match=r"Observable 1 has the coefficient .* of ZZ"):
            sent(observables)

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ([], "empty"),
            (["ZZ", "ZZ"], r"Got 2 observables for 1 circuits"),
            ("ZZZ", r"Observable 0 acts on 3 qubits, but circuit 0 \('two'\) has 2"),
        ],
        ids=label,
    )
    def test_size_mismatch_error_gives_expected_and_given(self, given: Any, named: str) -> None:
        with pytest.raises(ValueError, match=named):
            as_observables(given, [QuantumCircuit(2, name="two")])

    def test_coefficient_with_free_parameter_is_rejected(self) -> None:
        free = SparsePauliOp(["ZZ"], np.array([Parameter("weight")], dtype=object))
        observables = as_observables(free, [QuantumCircuit(2)])

        with pytest.raises(TypeError, match=r"Observable 0 .*weight.*Bind"):
            sent(observables)

    def test_bound_coefficients_are_sent_as_numbers(self) -> None:
        weight = Parameter("weight")
        bound = SparsePauliOp(["ZZ"], np.array([weight.assign(weight, 2.5)], dtype=object))

        (observable,) = sent(as_observables(bound, [QuantumCircuit(2)]))

        assert observable == SparsePauliOp(["ZZ"], [2.5])

    def test_free_parameter_of_opflow_operator_is_rejected(self) -> None:
        for free in (pauli_sum() * Parameter("weight"), pauli_op(Parameter("weight"))):
            with pytest.raises(TypeError, match=r"Observable 0 .*weight"):
                as_observables(free, [QuantumCircuit(2)])

    def test_detection_does_not_import_opflow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(sys.modules, "qiskit.opflow", raising=False)

        as_observables("ZZ", [QuantumCircuit(2)])

        assert "qiskit.opflow" not in sys.modules


class TestMeasurements:
    @pytest.fixture
    def measured(self) -> QuantumCircuit:
        circuit = QuantumCircuit(1, 1, name="measured")
        circuit.h(0)
        circuit.measure(0, 0)
        return circuit

    def test_estimator_warns_once_about_ignored_measurements(
        self, recording_session: Any, measured: QuantumCircuit
    ) -> None:
        recording_session.service.channel = "local"
        estimator = Estimator(session=recording_session)

        with pytest.warns(UserWarning, match=r"Circuit 1 \('measured'\) has final meas") as caught:
            estimator.run([QuantumCircuit(1), measured, measured], ["Z"] * 3)

        assert [warning.filename for warning in caught] == [__file__]

    def test_estimator_does_not_warn_for_other_services(
        self, recording_session: Any, measured: QuantumCircuit
    ) -> None:
        Estimator(session=recording_session).run(measured, "Z")

        recording_session.run.assert_called_once()

    def test_estimator_does_not_warn_about_measurements_it_performs(
        self, recording_session: Any, measured: QuantumCircuit
    ) -> None:
        measured.x(0).c_if(0, 1)
        recording_session.service.channel = "local"

        Estimator(session=recording_session).run(measured, "Z")

        recording_session.run.assert_called_once()
