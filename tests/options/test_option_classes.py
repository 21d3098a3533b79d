"""The options as objects: fields, sections, names nobody declared."""

from __future__ import annotations

import copy
import pickle
from dataclasses import asdict, fields, replace
from types import SimpleNamespace
from typing import Any

import pytest

from qiskit_ibm_runtime.options import (
    EnvironmentOptions,
    ExecutionOptions,
    Options,
    ResilienceOptions,
    SimulatorOptions,
    TranspilationOptions,
)
from qiskit_ibm_runtime.options.flexible import to_dict

EVERY_CLASS = (
    Options,
    TranspilationOptions,
    ResilienceOptions,
    ExecutionOptions,
    EnvironmentOptions,
    SimulatorOptions,
)


def test_the_defaults_are_those_of_the_service() -> None:
    assert asdict(Options()) == {
        "optimization_level": None,
        "resilience_level": None,
        "max_execution_time": None,
        "transpilation": {
            "skip_transpilation": False,
            "initial_layout": None,
            "layout_method": None,
            "routing_method": None,
            "approximation_degree": None,
        },
        "resilience": {
            "noise_amplifier": "TwoQubitAmplifier",
            "noise_factors": (1, 3, 5),
            "extrapolator": "LinearExtrapolator",
        },
        "execution": {"shots": 4000, "init_qubits": True},
        "environment": {"log_level": "WARNING", "callback": None, "job_tags": []},
        "simulator": {
            "noise_model": None,
            "seed_simulator": None,
            "coupling_map": None,
            "basis_gates": None,
        },
    }


def test_arguments_may_be_given_by_position() -> None:
    options = Options(1, 0, 600, None, None, {"shots": 7})

    assert (options.optimization_level, options.resilience_level) == (1, 0)
    assert options.max_execution_time == 600
    assert options.execution == ExecutionOptions(shots=7)


@pytest.mark.parametrize("cls", EVERY_CLASS)
class TestEveryClass:
    def test_takes_names_that_nobody_declared(self, cls: type) -> None:
        options: Any = cls(foo="foo")

        assert isinstance(options, cls)
        assert options.foo == "foo"
        assert asdict(options) == {**asdict(cls()), "foo": "foo"}

    def test_keeps_what_is_assigned_later(self, cls: type) -> None:
        options: Any = cls()
        options.optimisation = 3

        assert asdict(options)["optimisation"] == 3

    def test_does_not_leak_a_new_name_to_other_objects(self, cls: type) -> None:
        cls(foo="foo")

        assert "foo" not in asdict(cls())
        assert not hasattr(cls(), "foo")

    def test_makes_equal_objects_of_equal_arguments(self, cls: type) -> None:
        assert cls() == cls()
        assert cls(foo=1, bar=2) == cls(bar=2, foo=1)
        assert cls(foo=1) != cls(foo=2)
        assert cls(foo=1) != cls()

    def test_survives_copies_and_pickling(self, cls: type) -> None:
        for options in (cls(), cls(foo=[1])):
            assert copy.copy(options) == options
            assert copy.deepcopy(options) == options
            assert pickle.loads(pickle.dumps(options)) == options
            assert replace(options) == options

    def test_names_itself_and_its_new_names(self, cls: type) -> None:
        assert repr(cls(foo=1)).startswith(f"{cls.__name__}(")
        assert "foo=1" in repr(cls(foo=1))


@pytest.mark.parametrize("section", [entry.name for entry in fields(Options)[3:]])
class TestEverySection:
    def test_may_be_given_as_a_dict_with_defaults_for_the_rest(self, section: str) -> None:
        options = Options(**{section: {"bar": "bar"}})

        assert asdict(options)[section] == {**asdict(Options())[section], "bar": "bar"}

    def test_may_be_assigned_as_a_dict_with_defaults_for_the_rest(self, section: str) -> None:
        options = Options()
        setattr(options, section, {"bar": "bar"})

        assert asdict(options)[section] == {**asdict(Options())[section], "bar": "bar"}
        assert type(getattr(options, section)).__name__.lower() == f"{section}options"

    def test_has_its_defaults_when_it_is_none(self, section: str) -> None:
        assert Options(**{section: None}) == Options()

    def test_refuses_anything_else_and_names_itself(self, section: str) -> None:
        with pytest.raises(TypeError, match=rf"'{section}'.*int"):
            Options(**{section: 7})

    def test_is_a_fresh_object_each_time(self, section: str) -> None:
        assert getattr(Options(), section) is not getattr(Options(), section)


def test_the_dict_form_hands_values_over_uncopied() -> None:
    """
    A dataclass among the values is a value of the user, not a section.
    """
    value = ExecutionOptions()
    model = object()

    result = to_dict(Options(foo=value, simulator={"noise_model": model}))  # type: ignore[call-arg]

    assert result["foo"] is value
    assert result["simulator"]["noise_model"] is model


def test_plain_options_make_no_new_class() -> None:
    assert type(Options()) is type(Options(optimization_level=1)) is Options
    one, other = (Options(foo=value) for value in (1, 2))  # type: ignore[call-arg]
    assert type(one) is type(other)


class TestPretendingToBeADevice:
    def test_without_calibration_takes_no_noise(self) -> None:
        configuration = SimpleNamespace(basis_gates=["x"], coupling_map=[[0, 1]])
        device = SimpleNamespace(configuration=lambda: configuration, properties=lambda: None)
        options = SimulatorOptions(noise_model=object(), seed_simulator=1)

        options.set_backend(device)

        assert options == SimulatorOptions(
            seed_simulator=1, basis_gates=["x"], coupling_map=[[0, 1]]
        )

    def test_refuses_what_is_no_such_backend(self) -> None:
        with pytest.raises(TypeError, match=r"configuration\(\) and properties\(\).*str"):
            SimulatorOptions().set_backend("ibm_moon")
