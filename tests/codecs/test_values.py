"""Values round-trip through JSON."""

from __future__ import annotations

import datetime as dt
import enum
import json
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from qiskit.circuit import Measure, Parameter, ParameterVector, QuantumCircuit
from qiskit.circuit.library import CXGate, RYGate
from qiskit.quantum_info import (
    Choi,
    Clifford,
    DensityMatrix,
    Kraus,
    Operator,
    Pauli,
    PauliList,
    ScalarOp,
    SparsePauliOp,
    StabilizerState,
    Statevector,
    SuperOp,
    random_clifford,
)
from qiskit.result import Result
from qiskit.transpiler import CouplingMap

from qiskit_ibm_runtime.utils.json import (
    DecodeError,
    RuntimeDecoder,
    RuntimeEncoder,
    register_settings_class,
    to_base64_string,
)


def round_trip(value: Any) -> Any:
    return json.loads(json.dumps(value, cls=RuntimeEncoder), cls=RuntimeDecoder)


class Color(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "arrives"),
    [
        (np.bool_(True), True),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.float64(0.5), 0.5),
        (np.str_("x"), "x"),
        (np.complex64(2 + 3j), 2 + 3j),
        (2 + 3j, 2 + 3j),
        ({1, 2}, {1, 2}),
        (frozenset({1}), {1}),
        ({(0, 1), (1, (2, 3))}, {(0, 1), (1, (2, 3))}),
        ({frozenset({1, 2})}, {frozenset({1, 2})}),
        (range(3), [0, 1, 2]),
        ((1, "a", None), [1, "a", None]),
        (Color.RED, "red"),
        (CouplingMap([[0, 1], [1, 2]]), [[0, 1], [1, 2]]),
        (
            dt.datetime(2023, 4, 20, 10, 11, 12, 345678),
            dt.datetime(2023, 4, 20, 10, 11, 12, 345678),
        ),
        (dt.date(2023, 4, 20), dt.datetime(2023, 4, 20)),
        ({np.int64(1): {np.str_("k"): 2}}, {"1": {"k": 2}}),
    ],
)
def test_small_values_round_trip(value: object, arrives: object) -> None:
    back = round_trip({"v": [value]})["v"][0]

    assert arrives == back
    assert type(arrives) is type(back)


@pytest.mark.parametrize(
    "value",
    [
        Pauli("-iXZ"),
        PauliList(["X", "-Z"]),
        SparsePauliOp(["XX", "ZI"], [1, 2j]),
        Operator.from_label("XZ"),
        Statevector.from_label("+"),
        DensityMatrix.from_label("0"),
        random_clifford(2, seed=1),
        StabilizerState(random_clifford(2, seed=2)),
        ScalarOp(4, 2j),
        SuperOp(Operator.from_label("X")),
        Choi(Operator.from_label("X")),
        Kraus(Operator.from_label("X")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_quantum_info_values_round_trip(value: object) -> None:
    assert value == round_trip(value)


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.lists(st.text("IXYZ", min_size=n, max_size=n), min_size=1)
    )
)
def test_pauli_labels_match_their_matrices(labels: list[str]) -> None:
    back = round_trip(PauliList(labels))

    assert back.to_labels() == labels
    assert all(
        np.array_equal(one.to_matrix(), Pauli(label).to_matrix())
        for one, label in zip(back, labels)
    )


def test_operator_keeps_its_parameters() -> None:
    a, b = Parameter("a"), Parameter("b")
    operator = SparsePauliOp(["X", "Z"], np.array([a, 2 * b]))

    back = round_trip(operator)

    assert [a, 2 * b] == list(back.coeffs)


@pytest.mark.parametrize(
    "array",
    [
        np.array([1.0, 2.0]),
        np.array(3.5),
        np.zeros((0, 3)),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.arange(12).reshape(3, 4)[:, ::2],
        np.array(["a", "bc"]),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")]),
        np.random.default_rng(1).random(100_000),
        np.zeros(100_000),
    ],
    ids=["list", "0-d", "empty", "fortran", "strided", "text", "date", "fields", "noise", "zeros"],
)
def test_arrays_keep_values_shape_and_dtype(array: np.ndarray) -> None:
    back = round_trip(array)

    np.testing.assert_array_equal(array, back)
    assert (array.dtype, array.shape) == (back.dtype, back.shape)
    assert back.flags.writeable


@pytest.mark.parametrize(
    "array",
    [
        np.array({"a": 1}, dtype=object),
        np.array([[1, {"a": 2}], [3, 4]], dtype=object),
        np.array([None, "x", 1 + 2j], dtype=object),
    ],
)
def test_object_arrays_round_trip(array: np.ndarray) -> None:
    back = round_trip(array)

    assert array.tolist() == back.tolist()
    assert (object, array.shape) == (back.dtype, back.shape)


def test_array_of_lists_stays_one_dimensional() -> None:
    array = np.empty(2, dtype=object)
    array[:] = [[1, 2], [3, 4]]

    assert round_trip(array).shape == (2,)


def test_incompressible_array_is_a_valid_zlib_stream_of_near_default_size() -> None:
    import base64
    import io
    import zlib

    numbers = np.random.default_rng(1).random(300_000)
    packed = json.loads(json.dumps(numbers, cls=RuntimeEncoder))["__value__"]

    inflated = zlib.decompress(base64.b64decode(packed))
    np.testing.assert_array_equal(numbers, np.load(io.BytesIO(inflated)))
    assert len(packed) < 1.05 * len(base64.b64encode(zlib.compress(inflated)))


def test_sparse_matrices_round_trip() -> None:
    sparse = pytest.importorskip("scipy.sparse", reason="needs SciPy")
    matrix = sparse.csr_matrix([[1, 0], [0, 2.5]])

    back = round_trip(matrix)

    assert type(matrix) is type(back)
    assert matrix.toarray().tolist() == back.toarray().tolist()


def test_results_round_trip() -> None:
    result = Result("b", "1", "q", "j", True, [], date="2020-01-01")

    assert result.to_dict() == round_trip(result).to_dict()


def test_noise_models_round_trip() -> None:
    noise = pytest.importorskip("qiskit_aer.noise", reason="needs Aer")
    model = noise.NoiseModel()
    model.add_all_qubit_quantum_error(noise.depolarizing_error(0.1, 1), ["x"])
    model.add_quantum_error(noise.amplitude_damping_error(0.2), ["sx"], [0])

    assert model == round_trip(model)


@pytest.mark.parametrize("instruction", [Measure(), RYGate(0.5), CXGate(), CXGate(ctrl_state=0)])
def test_instructions_round_trip(instruction: object) -> None:
    assert instruction == round_trip(instruction)


def test_parameters_keep_their_identity() -> None:
    parameter = Parameter("θ")
    vector = ParameterVector("v", 3)

    assert parameter == round_trip(parameter)
    assert [vector[2]._uuid] == [round_trip(vector[2])._uuid]


def test_circuit_parameters_encode_as_a_list() -> None:
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("b"), 0)
    circuit.rx(Parameter("a"), 0)

    assert list(circuit.parameters) == round_trip(circuit.parameters)


@pytest.mark.parametrize(
    "make",
    [
        lambda a, b: a + b + 1,
        lambda a, b: (a * b).sin() / 3 - 0.25,
        lambda a, b: (a * b * 1j).exp().conjugate(),
        lambda a, b: (a - b).log().arctan() * 0.1,
        lambda a, b: 1 / (a * a + b),
        lambda a, b: (a + b).assign(b, 0.5),
    ],
)
def test_parameter_expressions_round_trip(make: Any) -> None:
    a, b = Parameter("a"), Parameter('it\'s "b"')
    expression = make(a, b)

    assert expression == round_trip(expression)


def test_elements_of_one_vector_share_it_after_decoding() -> None:
    vector = ParameterVector("v", 3)

    one, other = round_trip([vector[0] + 1, vector[1] * 2])

    assert {vector[0]} == one.parameters
    assert next(iter(one.parameters)).vector is next(iter(other.parameters)).vector


class Tagged:
    """A custom class with its own `to_json`."""

    def to_json(self) -> str:
        return '{"value": 1}'


def test_uses_to_json_of_an_object() -> None:
    assert round_trip(Tagged()) == '{"value": 1}'


@register_settings_class
class Ansatz:
    def __init__(self, **settings: object) -> None:
        self.settings = settings


def test_registered_class_is_encoded_by_its_settings() -> None:
    assert round_trip(Ansatz(depth=3)).settings == {"depth": 3}


@pytest.mark.parametrize(
    "table",
    [{1: 2}, {1: "a", "b": {2: 3}}, {1: 0, "2": 0}, {"1": 0}, {-1: [{5: 6}]}, {"__type__": "x"}],
)
def test_settings_keep_integer_and_string_keys(table: dict) -> None:
    given_before = json.dumps(table)

    assert table == round_trip(Ansatz(table=table)).settings["table"]
    assert given_before == json.dumps(table)


def test_rejects_unregistered_class_by_name() -> None:
    class Stranger:
        settings = {"depth": 3}

    text = json.dumps(Stranger(), cls=RuntimeEncoder)

    with pytest.raises(DecodeError, match=r"Stranger.*register_settings_class"):
        json.loads(text, cls=RuntimeDecoder)


def test_function_becomes_null_with_a_warning_at_the_caller() -> None:
    with pytest.warns(UserWarning, match="will be set to None") as caught:
        text = json.dumps({"callback": print}, cls=RuntimeEncoder)

    assert text == '{"callback": null}'
    assert [__file__] == [warning.filename for warning in caught]


@pytest.mark.parametrize(
    ("value", "description"),
    [
        ({"a": [1, {"b": object()}]}, r"value\['a'\]\[1\]\['b'\]: an object of type object"),
        ({"a": {(1, 2): 3}}, r"value\['a'\]: a key of type tuple"),
        ([np.ma.array([1], mask=[True])], r"value\[0\]: a masked array"),
        ({"x": np.array([object()])}, r"value\['x'\].ndarray\[0\]"),
        ({"x": b"bytes"}, r"value\['x'\]: an object of type bytes cannot be encoded"),
        ([Ansatz(deep=[dt.timedelta(1)])], r"value\[0\].Ansatz\['deep'\]\[0\]"),
    ],
)
def test_unsupported_value_error_gives_its_path(value: object, description: str) -> None:
    with pytest.raises(TypeError, match=description):
        json.dumps(value, cls=RuntimeEncoder)


def test_unsupported_qiskit_value_is_never_dropped_silently() -> None:
    from qiskit.quantum_info import CNOTDihedral

    with pytest.raises(TypeError, match="CNOTDihedral"):
        json.dumps(CNOTDihedral(num_qubits=1), cls=RuntimeEncoder)


def test_rejects_self_referential_value() -> None:
    value: list[Any] = [np.int64(1)]
    value.append(value)

    with pytest.raises(ValueError, match="Circular"):
        json.dumps(value, cls=RuntimeEncoder)


def test_opflow_sum_round_trips_without_our_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qiskit.opflow import PauliSumOp

        operator = PauliSumOp(SparsePauliOp(["XX"]), 2)
    text = json.dumps(operator, cls=RuntimeEncoder)

    back = json.loads(text, cls=RuntimeDecoder)

    assert (operator.primitive, operator.coeff) == (back.primitive, back.coeff)


def test_encodes_string_as_base64() -> None:
    assert to_base64_string("☺") == "4pi6"


_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.complex_numbers(allow_nan=False),
    st.text(),
    st.datetimes(),
    st.sets(st.integers()),
    st_numpy.arrays(
        st.sampled_from(["f8", "i4", "c16", "?"]),
        st_numpy.array_shapes(min_dims=0, min_side=0),
        elements={"allow_nan": False},
    ),
)
_keys = st.text().filter(lambda key: key not in ("__type__", "__value__"))


@given(
    st.recursive(
        _scalars, lambda inner: st.lists(inner) | st.dictionaries(_keys, inner), max_leaves=20
    )
)
def test_any_nested_value_round_trips(value: object) -> None:
    assert _comparable(value) == _comparable(round_trip(value))


def _comparable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return (str(value.dtype), value.shape, value.tolist())
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    return value


def test_clifford_is_not_dropped_as_a_callable() -> None:
    assert isinstance(round_trip([Clifford(QuantumCircuit(1))])[0], Clifford)
