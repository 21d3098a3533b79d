"""Conversion of options to program inputs and job options."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from qiskit.transpiler import CouplingMap
from tests.ids import label

from qiskit_ibm_runtime import RuntimeOptions
from qiskit_ibm_runtime.options import Options
from qiskit_ibm_runtime.options.flexible import to_dict
from qiskit_ibm_runtime.options.options import DEFAULTS

inputs_of = Options._get_program_inputs
runtime_of = Options._get_runtime_options


def tree(**fields: Any) -> dict[str, Any]:
    return to_dict(Options(**fields))


def test_sends_defaults_like_0_9_3() -> None:
    assert inputs_of(tree(optimization_level=1, resilience_level=0)) == {
        "transpilation_settings": {
            "skip_transpilation": False,
            "initial_layout": None,
            "layout_method": None,
            "routing_method": None,
            "approximation_degree": None,
            "optimization_settings": {"level": 1},
            "coupling_map": None,
            "basis_gates": None,
        },
        "resilience_settings": {
            "noise_amplifier": "TwoQubitAmplifier",
            "noise_factors": (1, 3, 5),
            "extrapolator": "LinearExtrapolator",
            "level": 0,
        },
        "run_options": {
            "shots": 4000,
            "init_qubits": True,
            "noise_model": None,
            "seed_simulator": None,
        },
    }
    assert runtime_of(tree()) == {
        "max_execution_time": None,
        "log_level": "WARNING",
        "job_tags": [],
    }


PLACES = {
    "optimization_level": ("transpilation_settings", "optimization_settings", "level"),
    "resilience_level": ("resilience_settings", "level"),
    "max_execution_time": ("max_execution_time",),
    "coupling_map": ("transpilation_settings", "coupling_map"),
    "basis_gates": ("transpilation_settings", "basis_gates"),
    "noise_model": ("run_options", "noise_model"),
    "seed_simulator": ("run_options", "seed_simulator"),
    **{name: ("transpilation_settings", name) for name in DEFAULTS["transpilation"]},
    **{name: ("resilience_settings", name) for name in DEFAULTS["resilience"]},
    **{name: ("run_options", name) for name in DEFAULTS["execution"]},
    "log_level": ("log_level",),
    "job_tags": ("job_tags",),
}


@pytest.mark.parametrize("name", PLACES)
def test_every_option_is_sent(name: str) -> None:
    value = object()
    options = Options._merge_options(tree(), {name: value})

    found: Any = {**inputs_of(options), **runtime_of(options)}
    for step in PLACES[name]:
        found = found[step]
    assert found is value


def test_table_covers_every_option_except_callback() -> None:
    every = {name for names in DEFAULTS.values() for name in names}

    assert every - PLACES.keys() == {"callback"}


def test_conversions_accept_partial_options_without_modifying_them() -> None:
    options = {"optimization_level": 1}

    assert inputs_of(options)["run_options"]["noise_model"] is None
    assert runtime_of(options) == {"max_execution_time": None}
    assert options == {"optimization_level": 1}


def test_values_are_passed_unchanged() -> None:
    edges, shots, seconds = CouplingMap([[0, 1], [1, 2]]), np.int64(100), np.int64(600)

    handed = inputs_of(tree(simulator={"coupling_map": edges}, execution={"shots": shots}))

    assert handed["transpilation_settings"]["coupling_map"] is edges
    assert handed["run_options"]["shots"] is shots
    assert runtime_of(tree(max_execution_time=seconds))["max_execution_time"] is seconds


@pytest.mark.parametrize("image", ["a/b:1", "", None], ids=label)
def test_image_is_sent_if_set(image: Any) -> None:
    assert runtime_of(tree(image=image))["image"] == image


def test_job_options_come_from_the_environment_section() -> None:
    given = RuntimeOptions(
        backend="b", image="a:1", log_level="INFO", instance="h/g/p", job_tags=["t"]
    )

    result = runtime_of({"environment": vars(given)})

    assert result.items() <= {**vars(given), "max_execution_time": None}.items()
    assert result["backend"] == "b"


def test_top_level_image_takes_precedence() -> None:
    options = {"environment": {"image": "a:1"}, "image": "b:2"}

    assert runtime_of(options)["image"] == "b:2"
    assert "image" not in inputs_of(options)


class TestUnknownNames:
    def test_warn_once_and_are_sent(self) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            sent = inputs_of(tree(foo="foo", bar="bar"))

        assert [warning.category for warning in caught] == [UserWarning, UserWarning]
        for name, warning in zip(("bar", "foo"), caught):
            assert f"'{name}' is unrecognised" in str(warning.message)
        assert (sent["foo"], sent["bar"]) == ("foo", "bar")

    @pytest.mark.parametrize(
        ("fields", "meant"),
        [
            ({"optimisation_level": 1}, "optimization_level"),
            ({"shots": 1}, "execution.shots"),
            ({"seed": 1, "seed_simulater": 1}, "simulator.seed_simulator"),
            ({"transpilation": {"skip_transpile": True}}, "transpilation.skip_transpilation"),
            ({"transpilation": {"shots": 1}}, "execution.shots"),
            ({"resilience": {"noise_factor": (1,)}}, "resilience.noise_factors"),
            ({"execution": {"shot": 1}}, "execution.shots"),
            ({"environment": {"jobtags": []}}, "environment.job_tags"),
            ({"simulator": {"noisemodel": 1}}, "simulator.noise_model"),
            ({"executions": {}}, "execution"),
            ({"SHOTS": 1}, "execution.shots"),
            ({"seed": 1}, "simulator.seed_simulator"),
            ({"tags": []}, "environment.job_tags"),
            ({"simulator": {"seed": 1}}, "simulator.seed_simulator"),
        ],
        ids=label,
    )
    def test_close_to_a_known_option_suggest_its_place(
        self, fields: dict[str, Any], meant: str
    ) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            inputs_of(tree(**fields))

        assert f"Did you mean '{meant}'?" in str(caught[-1].message)

    def test_close_to_a_section_option_suggest_a_form_that_works_everywhere(self) -> None:
        with pytest.warns(UserWarning, match="'shots'") as caught:
            inputs_of(tree(shots=1))

        assert str(caught[0].message).endswith("Write execution={'shots': ...}.")

    def test_far_from_every_option_get_no_suggestion(self) -> None:
        with pytest.warns(UserWarning, match=r"'execution.xyzzy' is unrecognised") as caught:
            inputs_of(tree(execution={"xyzzy": 1}))

        assert "mean" not in str(caught[0].message)

    def test_ambiguous_between_options_get_no_suggestion(self) -> None:
        with pytest.warns(UserWarning, match="'layout' is unrecognised") as caught:
            inputs_of(tree(layout=[0, 1]))

        assert "mean" not in str(caught[0].message)

    def test_that_are_not_strings_are_reported(self) -> None:
        with pytest.warns(UserWarning, match=r"'execution\.1' is unrecognised"):
            inputs_of({"execution": {1: 2}})

    @pytest.mark.parametrize("section", ["environment", "simulator"])
    def test_warning_says_if_they_are_not_sent(self, section: str) -> None:
        with pytest.warns(UserWarning, match=rf"'{section}.xyzzy'.*It is not sent to the service"):
            sent = inputs_of(tree(**{section: {"xyzzy": 1}}))

        assert "xyzzy" not in str(sent)

    def test_warning_points_at_the_caller(self) -> None:
        with pytest.warns(UserWarning, match="foo") as caught:
            inputs_of(tree(foo=1))

        assert caught[0].filename == __file__

    @pytest.mark.parametrize("name", ["translation_method", "timing_constraints"])
    def test_deprecated_options_are_still_sent(self, name: str) -> None:
        with pytest.warns(DeprecationWarning, match=name) as caught:
            sent = inputs_of(tree(transpilation={name: "x"}))

        assert sent["transpilation_settings"][name] == "x"
        assert len(caught) == 1

    @pytest.mark.parametrize("name", ["backend", "image", "instance", "session_time"])
    def test_job_options_are_recognized_in_the_environment_section(self, name: str) -> None:
        assert runtime_of(tree(environment={name: "x"}))[name] == "x"
        inputs_of(tree(environment={name: "x"}))
