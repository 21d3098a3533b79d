"""Options in requests: which are rejected by name, and how the others are sent.

Until then they keep the values that the user gave, which mock sessions, services and clients see.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from qiskit.transpiler import CouplingMap
from tests.ids import label

from qiskit_ibm_runtime import RuntimeEncoder
from qiskit_ibm_runtime._primitives.option_readers import READERS
from qiskit_ibm_runtime._primitives.sent_inputs import as_sent
from qiskit_ibm_runtime.options import Options
from qiskit_ibm_runtime.options.flexible import to_dict
from qiskit_ibm_runtime.options.options import DEFAULTS


def inputs(**fields: Any) -> dict[str, Any]:
    """Return what a primitive passes to its session."""
    defaults = to_dict(Options(optimization_level=3, resilience_level=1))
    return Options._get_program_inputs(Options._merge_options(defaults, fields))


class NoiseModel:
    """Stand-in for Aer's class, which is recognized by its name."""


REFUSED: dict[str, tuple[str, list[Any]]] = {
    "seed_simulator": (
        "a 64-bit integer",
        ["7", 7.5, [7], np.array([7]), 1j, float("nan"), float("inf"), 2**63, -(2**63) - 1],
    ),
    "coupling_map": (
        "a list of pairs of qubits or a CouplingMap",
        [
            *("line", b"01", 7, True, {0: [1]}, {"ab": 1}),
            *([0, 1], [[0]], [[0, 1, 2]], [["0", "1"]], [[0.5, 1]], [[-1, 0]]),
            *([None], np.array([0, 1]), np.array([[0, 1, 2]]), iter([[0, 1]])),
        ],
    ),
    "noise_model": (
        "an Aer NoiseModel or its dict form",
        ["depolarizing", 7, [NoiseModel()], NoiseModel, object(), CouplingMap(), True],
    ),
    "basis_gates": (
        "a list of gate names",
        ["u,cx", "cx", b"cx", 7, [1], ["u", None], {"u": 1}, np.array([1]), True],
    ),
    "skip_transpilation": ("True or False", ["yes", "False", 2, 1.0, [], {}, np.array([True])]),
    "initial_layout": (
        "a list of the physical qubit",
        [
            *("01", b"01", 7, True, {0, 1}, ["a", "b"], [None, 0], [0, 0], [-1, 0], [0.5, 1]),
            *([[0, 1]], np.array([[0, 1]]), {"q": 0}, {0: "a"}, {0: 1, 1: 1}),
            *({-1: 0}, {0.5: 0}),
        ],
    ),
    "layout_method": ("one of trivial", [7, True, ["sabre"], "SABRE", np.array(["a", "b"])]),
    "routing_method": ("one of basic", [7, False, ["sabre"], "", np.array(["a", "b"])]),
    "approximation_degree": (
        "a number from 0 to 1",
        ["0.5", [0.5], 1j, float("nan"), -0.1, 1.5, 10**400],
    ),
    "shots": ("a positive integer", ["10", 10.5, [10], np.array([10]), 0, -5, float("inf")]),
    "init_qubits": ("True or False", ["no", 2, 0.0, [], object()]),
    "noise_factors": (
        "a sequence of numbers of at least 1",
        [3, "135", {1: 3}, np.array(3), (0.5, 1), (1, float("nan")), iter([1, 3])],
    ),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, (_, values) in REFUSED.items() for value in values],
    ids=label,
)
def test_wrong_type_error_gives_the_accepted_types(name: str, value: Any) -> None:
    allowed = REFUSED[name][0]

    with pytest.raises(ValueError, match=rf"(?s)^'{name}' must be {allowed}.*, or None, not ."):
        as_sent("estimator", inputs(**{name: value}))


def test_every_declared_option_is_type_checked() -> None:
    before = {"noise_amplifier", "extrapolator"}  # by name, in the run of the primitive
    declared = {
        name for section in DEFAULTS for name in DEFAULTS[section] if section != "environment"
    }

    assert declared - before == REFUSED.keys()
    assert {name for readers in READERS.values() for name in readers} == {
        *REFUSED,
        "optimization_settings",
    }


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_none_is_accepted_and_sent_as_none(name: str) -> None:
    assert sent(name, None) is None


def test_long_value_is_truncated_in_the_message() -> None:
    with pytest.raises(ValueError, match="basis_gates") as caught:
        as_sent("sampler", inputs(basis_gates="cx" * 10_000))

    assert len(str(caught.value)) < 400


def sent(name: str, value: Any) -> Any:
    """Return an option as it is sent."""
    given = inputs(**{name: value})
    section = next(each for each, readers in READERS.items() if name in readers)
    return as_sent("estimator", given)[section][name]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        *(("seed_simulator", seed, 7) for seed in (7, np.int64(7), np.array(7), 7.0)),
        ("seed_simulator", -(2**63), -(2**63)),
        ("seed_simulator", 2**63 - 1, 2**63 - 1),
        *(
            ("coupling_map", edges, [[0, 1], [1, 0]])
            for edges in (
                [[0, 1], [1, 0]],
                ((0, 1), (1, 0)),
                [(np.int64(0), np.int8(1)), np.array([1, 0])],
                np.array([[0, 1], [1, 0]]),
                np.array([[0.0, 1.0], [1.0, 0.0]]),
                CouplingMap([[0, 1], [1, 0]]),
                dict.fromkeys([(0, 1), (1, 0)]).keys(),
            )
        ),
        ("coupling_map", {(0, 1)}, [[0, 1]]),
        ("coupling_map", [], []),
        *(
            ("basis_gates", names, ["u", "cx"])
            for names in (["u", "cx"], ("u", "cx"), np.array(["u", "cx"]), {"u": 1, "cx": 1}.keys())
        ),
        ("basis_gates", {"u"}, ["u"]),
        *(("seed_simulator", seed, 1) for seed in (True, np.bool_(True))),
        *(("skip_transpilation", flag, True) for flag in (True, 1, np.bool_(True))),
        *(("init_qubits", flag, False) for flag in (False, 0, np.bool_(False), np.array(0))),
        *(
            ("initial_layout", layout, [2, 0])
            for layout in ([2, 0], (2, 0), np.array([2, 0]), [np.int64(2), 0.0], range(2, -1, -2))
        ),
        ("initial_layout", {0: np.int64(2), np.int64(1): 0}, {0: 2, 1: 0}),
        ("initial_layout", {"0": 2, "1": 0}, {"0": 2, "1": 0}),
        *(("approximation_degree", degree, 0.5) for degree in (0.5, np.float32(0.5))),
        *(("shots", shots, 10) for shots in (10, 10.0, np.uint8(10), np.array(10))),
        *(("noise_factors", factors, [1, 3]) for factors in ([1, 3], np.array([1, 3]))),
        ("noise_factors", range(1, 4, 2), [1, 3]),
    ],
    ids=label,
)
def test_every_usual_form_is_sent_as_plain_json(name: str, value: Any, expected: Any) -> None:
    result = sent(name, value)

    assert result == expected
    assert json.dumps(result) == json.dumps(expected)


def test_noise_model_is_sent_unchanged() -> None:
    class Mine(NoiseModel):
        pass

    models: list[Any] = [NoiseModel(), Mine(), {"errors": []}]
    for model in models:
        assert sent("noise_model", model) is model


@pytest.mark.parametrize("level", [2, np.int64(2), np.array(2), 2.0])
def test_levels_and_undeclared_options_are_sent_as_plain_numbers(level: Any) -> None:
    given = inputs(optimization_level=level, resilience_level=level)
    given["run_options"]["rep_delay"] = np.array(0.5)

    result = as_sent("estimator", given)

    assert result["transpilation_settings"]["optimization_settings"] == {"level": 2}
    assert result["resilience_settings"]["level"] == 2
    assert json.loads(json.dumps(result["run_options"]))["rep_delay"] == 0.5


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_unchecked_value_is_sent_unchanged(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Users who disable validation may have a service that accepts more.
    """
    monkeypatch.setenv("QISKIT_RUNTIME_SKIP_OPTIONS_VALIDATION", "1")
    value = object()

    assert sent(name, value) is value


@pytest.mark.parametrize("given", [{}, {"run_options": 7}, {"run_options": None}, None, [1]])
def test_unrecognized_primitive_inputs_are_sent_unchanged(given: Any) -> None:
    assert as_sent("sampler", given) == given


def test_inputs_of_other_programs_are_sent_unchanged() -> None:
    given = {"run_options": {"shots": "many"}}

    assert as_sent("mine", given) is given


NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.booleans(),
    st.integers(0, 200).map(np.int16),
    st.floats(0, 1, width=32).map(np.float32),
    st.integers(0, 9).map(np.array),
)
ANYTHING = st.recursive(
    st.one_of(st.none(), st.text(max_size=3), st.binary(max_size=2), NUMBERS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(st.lists(st.integers(0, 4), max_size=3), max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.integers(), st.text(max_size=2)), inner, max_size=2),
    ),
    max_leaves=5,
)


@given(name=st.sampled_from(sorted(REFUSED)), value=ANYTHING)
def test_any_value_is_sendable_or_rejected_by_name(name: str, value: Any) -> None:
    assume(name != "noise_model" or not isinstance(value, dict))  # the encoder looks inside
    reader = next(readers[name] for readers in READERS.values() if name in readers)
    try:
        read = reader.convert(name, value)
    except ValueError as error:
        message = str(error)
    else:
        json.dumps(read, cls=RuntimeEncoder)
        return
    assert message.startswith(f"'{name}' must be {reader.allowed}")
