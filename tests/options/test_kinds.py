"""Types of options: what is refused by name, and in which form the rest is sent."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from qiskit.circuit import QuantumRegister
from qiskit.transpiler import CouplingMap, Layout
from tests.ids import label

from qiskit_ibm_runtime import RuntimeEncoder
from qiskit_ibm_runtime.options import Options
from qiskit_ibm_runtime.options.flexible import to_dict
from qiskit_ibm_runtime.options.kinds import KINDS
from qiskit_ibm_runtime.options.sections import KNOWN


def tree(**fields: Any) -> dict[str, Any]:
    defaults = to_dict(Options(optimization_level=3, resilience_level=1))
    return Options._merge_options(defaults, fields)


class NoiseModel:
    """Stands for Aer's class, which is known by its name."""


REFUSED: dict[str, tuple[str, list[Any]]] = {
    "seed_simulator": (
        "an integer",
        ["7", 7.5, True, [7], np.array([7]), 1j, float("nan"), float("inf"), 2**63, -(2**63) - 1],
    ),
    "coupling_map": (
        "a list of pairs of qubits or a CouplingMap",
        [
            *("line", b"01", 7, True, {0: [1]}, {"ab": 1}),
            *([0, 1], [[0]], [[0, 1, 2]], [["0", "1"]], [[0.5, 1]], [[-1, 0]], [[True, False]]),
            *([None], np.array([0, 1]), np.array([[0, 1, 2]]), iter([[0, 1]])),
        ],
    ),
    "noise_model": (
        "a NoiseModel of Aer or its dict form",
        ["depolarizing", 7, [NoiseModel()], NoiseModel, object(), CouplingMap(), True],
    ),
    "basis_gates": (
        "a list of names",
        ["u,cx", "cx", b"cx", 7, [1], ["u", None], {"u": 1}, np.array([1]), True],
    ),
    "skip_transpilation": ("True or False", ["yes", "False", 2, 1.0, [], {}, np.array([True])]),
    "initial_layout": (
        "a list of the physical qubit",
        [
            *("01", b"01", 7, True, {0, 1}, ["a", "b"], [None, 0], [0, 0], [-1, 0], [0.5, 1]),
            *([True, False], [[0, 1]], np.array([[0, 1]]), {"q": 0}, {0: "a"}, {0: 1, 1: 1}),
            *({-1: 0}, {0.5: 0}),
        ],
    ),
    "layout_method": ("one of trivial", [7, True, ["sabre"], "SABRE", np.array(["a", "b"])]),
    "routing_method": ("one of basic", [7, False, ["sabre"], "", np.array(["a", "b"])]),
    "approximation_degree": ("a number from 0 to 1", ["0.5", True, [0.5], 1j, float("nan"), -0.1]),
    "shots": ("a positive integer", ["10", 10.5, True, [10], np.array([10]), 0, float("inf")]),
    "init_qubits": ("True or False", ["no", 2, 0.0, [], object()]),
    "log_level": ("one of DEBUG", [20, b"INFO", ["INFO"], "LOUD", np.array(["INFO", "DEBUG"])]),
    "job_tags": ("a list of strings", ["tag", ("tag",), {"tag"}, [1], [None], 7]),
    "callback": ("a function", [7, "print", [], {}]),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, (_, values) in REFUSED.items() for value in values],
    ids=label,
)
def test_a_value_of_the_wrong_type_is_named_with_what_is_accepted(name: str, value: Any) -> None:
    allowed = REFUSED[name][0]

    with pytest.raises(ValueError, match=rf"(?s)^'{name}' must be {allowed}.*, or None, not ."):
        Options.validate_options(tree(**{name: value}))


def test_every_declared_option_has_its_type_checked() -> None:
    resilience = {"noise_amplifier", "extrapolator"}  # by names, in check_resilience

    for section, names in KNOWN.items():
        assert set(names) - resilience == KINDS[section].keys()
    assert {name for kinds in KINDS.values() for name in kinds} == {*REFUSED, "noise_factors"}


@pytest.mark.parametrize("name", sorted(REFUSED.keys() - {"callback"}))
def test_none_is_accepted_everywhere_and_sent_as_none(name: str) -> None:
    assert sent(name, None) is None


@pytest.mark.parametrize("callback", [None, print, lambda *_: None, NoiseModel])
def test_a_callback_is_anything_that_can_be_called(callback: Any) -> None:
    Options.validate_options(tree(callback=callback))


def test_a_long_value_is_cut_short_in_the_message() -> None:
    with pytest.raises(ValueError, match="basis_gates") as caught:
        Options.validate_options(tree(basis_gates="cx" * 10_000))

    assert len(str(caught.value)) < 400


def sent(name: str, value: Any) -> Any:
    """Return what becomes of an option among the inputs of the program or the job's options."""
    options = tree(**{name: value})
    Options.validate_options(options)
    inputs = Options._get_program_inputs(options)
    places = [
        inputs["transpilation_settings"],
        inputs["run_options"],
        inputs["resilience_settings"],
    ]
    found = next((place for place in places if name in place), None)
    return (Options._get_runtime_options(options) if found is None else found)[name]


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
        ("max_execution_time", 1e3, 1000),
        *(("log_level", level, level) for level in ("INFO", "info", "", np.str_("INFO"))),
        *(("job_tags", tags, tags) for tags in ([], ["a"], "")),
    ],
    ids=label,
)
def test_every_usual_form_is_sent_as_plain_json(name: str, value: Any, expected: Any) -> None:
    result = sent(name, value)

    assert result == expected
    assert json.dumps(result) == json.dumps(expected)


def test_a_noise_model_is_sent_as_it_is() -> None:
    class Mine(NoiseModel):
        pass

    for model in (NoiseModel(), Mine(), {"errors": []}):
        assert sent("noise_model", model) is model


def test_a_layout_of_terra_passes_the_check() -> None:
    layout = Layout.from_intlist([1, 0], QuantumRegister(2, "q"))

    Options.validate_options(tree(initial_layout=layout))


@pytest.mark.parametrize("name", REFUSED)
def test_a_value_that_was_let_through_unchecked_is_sent_unchanged(name: str) -> None:
    """
    Whoever switches the checks off knows a service that takes more than we do.
    """
    value = object()
    options = tree(**{name: value})

    text = repr([Options._get_program_inputs(options), Options._get_runtime_options(options)])
    assert name == "callback" or re.search(re.escape(repr(value)), text)


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
def test_whatever_is_given_is_either_sendable_or_refused_by_name(name: str, value: Any) -> None:
    assume(name != "noise_model" or not isinstance(value, dict))  # the encoder looks inside
    kind = next(kinds[name] for kinds in KINDS.values() if name in kinds)
    try:
        kind.check(name, value)
    except ValueError as error:
        message = str(error)
    else:
        json.dumps(kind.sent(value), cls=RuntimeEncoder)
        return
    assert message.startswith(f"'{name}' must be {kind.allowed}")
