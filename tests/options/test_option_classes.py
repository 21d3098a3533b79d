"""Options objects: fields, sections, undeclared names."""

from __future__ import annotations

import copy
import pickle
from dataclasses import asdict, dataclass, field, fields, replace
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


def test_defaults_match_the_service() -> None:
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


def test_accepts_positional_arguments() -> None:
    options = Options(1, 0, 600, None, None, {"shots": 7})

    assert (options.optimization_level, options.resilience_level) == (1, 0)
    assert options.max_execution_time == 600
    assert options.execution == ExecutionOptions(shots=7)


@pytest.mark.parametrize("cls", EVERY_CLASS)
class TestEveryClass:
    def test_accepts_undeclared_names(self, cls: Any) -> None:
        options: Any = cls(foo="foo")

        assert isinstance(options, cls)
        assert options.foo == "foo"
        assert asdict(options) == {**asdict(cls()), "foo": "foo"}

    def test_keeps_names_assigned_later(self, cls: type) -> None:
        options: Any = cls()
        options.optimisation = 3

        assert asdict(options)["optimisation"] == 3

    def test_does_not_leak_a_new_name_to_other_objects(self, cls: type) -> None:
        cls(foo="foo")

        assert "foo" not in asdict(cls())
        assert not hasattr(cls(), "foo")

    def test_equal_arguments_make_equal_objects(self, cls: type) -> None:
        assert cls() == cls()
        assert cls(foo=1, bar=2) == cls(bar=2, foo=1)
        assert cls(foo=1) != cls(foo=2)
        assert cls(foo=1) != cls()

    def test_can_be_copied_and_pickled(self, cls: type) -> None:
        for options in (cls(), cls(foo=[1])):
            assert copy.copy(options) == options
            assert copy.deepcopy(options) == options
            assert pickle.loads(pickle.dumps(options)) == options
            assert replace(options) == options

    def test_repr_shows_class_and_undeclared_names(self, cls: type) -> None:
        assert repr(cls(foo=1)).startswith(f"{cls.__name__}(")
        assert "foo=1" in repr(cls(foo=1))


@pytest.mark.parametrize("section", [entry.name for entry in fields(Options)[3:]])
class TestEverySection:
    def test_dict_argument_keeps_other_defaults(self, section: str) -> None:
        given: dict[str, Any] = {section: {"bar": "bar"}}
        options = Options(**given)

        assert asdict(options)[section] == {**asdict(Options())[section], "bar": "bar"}

    def test_assigned_dict_keeps_other_defaults(self, section: str) -> None:
        options = Options()
        setattr(options, section, {"bar": "bar"})

        assert asdict(options)[section] == {**asdict(Options())[section], "bar": "bar"}
        assert type(getattr(options, section)).__name__.lower() == f"{section}options"

    def test_none_means_defaults(self, section: str) -> None:
        assert Options(**{section: None}) == Options()

    def test_rejects_other_types_by_name(self, section: str) -> None:
        given: dict[str, Any] = {section: 7}
        with pytest.raises(TypeError, match=rf"'{section}'.*int"):
            Options(**given)

    def test_is_a_new_object_each_time(self, section: str) -> None:
        assert getattr(Options(), section) is not getattr(Options(), section)


class TestSectionAssignedAsDict:
    """In 0.9.3 it stays a dict, and programs use it as one."""

    def test_can_be_read_by_key_and_attribute(self) -> None:
        options = Options()
        options.simulator = {"seed_simulator": 3}

        assert options.simulator["seed_simulator"] == options.simulator.seed_simulator == 3
        assert options.simulator["noise_model"] is None
        with pytest.raises(KeyError, match="nothing"):
            options.simulator["nothing"]

    def test_accepts_fields_by_key(self) -> None:
        options = Options()
        options.simulator = {"seed_simulator": 3}
        options.simulator["coupling_map"] = [[0, 1]]
        options.simulator["method"] = "stabilizer"
        options.simulator.update(seed_simulator=4)

        assert asdict(options)["simulator"] == {
            "noise_model": None,
            "seed_simulator": 4,
            "coupling_map": [[0, 1]],
            "basis_gates": None,
            "method": "stabilizer",
        }

    @pytest.mark.parametrize(
        "given",
        [{}, {"shots": 7}, {"shots": 7, "init_qubits": False}, {"memory": True}],
        ids=["none", "one", "all", "undeclared"],
    )
    def test_contains_the_items_of_the_dict(self, given: dict[str, Any]) -> None:
        options = Options()
        options.execution = given

        assert dict(options.execution) == {**options.execution} == given
        assert list(options.execution.items()) == list(given.items())
        assert len(options.execution) == len(given)
        assert [name in options.execution for name in ("shots", "init_qubits", "memory")] == [
            name in given for name in ("shots", "init_qubits", "memory")
        ]

    def test_setdefault_sets_only_missing_fields(self) -> None:
        options = Options()
        options.simulator = {"basis_gates": ["x"]}

        assert options.simulator.setdefault("seed_simulator", 42) == 42
        assert options.simulator.setdefault("basis_gates", ["cx"]) == ["x"]
        assert options.simulator.get("coupling_map", "none") == "none"
        assert asdict(options)["simulator"]["seed_simulator"] == 42

    def test_removed_field_returns_to_its_default(self) -> None:
        options = Options()
        options.execution = {"shots": 7}

        assert options.execution.pop("shots") == 7
        assert options == Options()
        with pytest.raises(KeyError, match="nothing"):
            del options.execution["nothing"]

    def test_is_always_truthy(self) -> None:
        assert Options().execution

    def test_dir_lists_only_options(self) -> None:
        names = [name for name in dir(ExecutionOptions(memory=True)) if name[0] != "_"]  # type: ignore[call-arg]
        assert names == ["init_qubits", "memory", "shots"]


@dataclass
class Annotated(Options):
    """Declares an additional field and section."""

    label: str = "none"
    execution: Any = field(default_factory=lambda: ExecutionOptions(shots=1))

    def shout(self) -> str:
        return self.label.upper()


class Plain(Options):
    """Adds attributes that are not options."""

    times = 3

    def shout(self) -> str:
        return "PLAIN"

    @property
    def shots(self) -> Any:
        return self.execution.shots

    @shots.setter
    def shots(self, value: Any) -> None:
        self.execution.shots = value


class WithConstructor(Options):
    """Has its own constructor."""

    def __init__(self, quality: int) -> None:
        super().__init__(optimization_level=quality, resilience_level=quality)


class PassingUnknown(Options):
    """Has a constructor that passes on unknown arguments."""

    def __init__(self, quality: int, **others: Any) -> None:
        super().__init__(optimization_level=quality, **others)


class TestSubclass:
    @pytest.mark.parametrize("cls", [Annotated, Plain], ids=["dataclass", "plain"])
    def test_keeps_its_methods_and_accepts_undeclared_names(self, cls: Any) -> None:
        for options in (cls(foo=1), cls()):
            options.foo = 1

            assert isinstance(options, cls)
            assert type(options).__name__ == cls.__name__
            assert options.shout() in ("NONE", "PLAIN")
            assert options.foo == asdict(options)["foo"] == 1

    def test_may_declare_fields(self) -> None:
        options = Annotated(1, label="loud", foo=1)  # type: ignore[call-arg]

        assert (options.optimization_level, options.shout()) == (1, "LOUD")
        assert options.execution.shots == 1
        assert asdict(options)["label"] == "loud"

    def test_its_attributes_are_not_options(self) -> None:
        options = Plain()
        options.shots = 7
        options.times = 4
        options._note = "private"

        assert options.execution.shots == 7
        assert asdict(options) == {**asdict(Options()), "execution": asdict(options.execution)}

    @pytest.mark.parametrize("cls", [WithConstructor, PassingUnknown], ids=["strict", "passing on"])
    def test_may_have_its_own_constructor(self, cls: Any) -> None:
        for options in (cls(2), cls(quality=2), cls(2, foo=1)):
            assert isinstance(options, cls)
            assert options.optimization_level == 2
        assert asdict(cls(2, foo=1))["foo"] == 1

    @pytest.mark.parametrize("cls", [Annotated, Plain], ids=["dataclass", "plain"])
    def test_can_be_copied_and_pickled(self, cls: Any) -> None:
        for options in (cls(), cls(foo=[1])):
            for twin in (
                copy.copy(options),
                copy.deepcopy(options),
                pickle.loads(pickle.dumps(options)),
                replace(options),
            ):
                assert twin == options
                assert twin.shout() == options.shout()

    def test_can_be_copied_with_any_constructor(self) -> None:
        assert (
            copy.deepcopy(WithConstructor(2))
            == pickle.loads(pickle.dumps(WithConstructor(2)))
            == WithConstructor(2)
        )

    def test_section_subclass_is_preserved(self) -> None:
        class Seeded(SimulatorOptions):
            def reseed(self) -> None:
                self.seed_simulator = 42

        options = Options(simulator=Seeded())
        options.simulator.reseed()  # type: ignore[attr-defined]

        assert to_dict(options)["simulator"]["seed_simulator"] == 42

    def test_section_may_be_any_dataclass(self) -> None:
        @dataclass
        class Shots:
            shots: int = 7

        options = Options()
        options.execution = Shots()  # type: ignore[assignment]

        assert to_dict(options)["execution"] == {"shots": 7}
        assert Options._merge_options(to_dict(Options()), {"execution": Shots()})["execution"] == {
            "shots": 7
        }


def test_dict_form_does_not_copy_values() -> None:
    """
    A dataclass among the values is a value, not a section.
    """
    value = ExecutionOptions()
    model = object()

    result = to_dict(Options(foo=value, simulator={"noise_model": model}))  # type: ignore[call-arg]

    assert result["foo"] is value
    assert result["simulator"]["noise_model"] is model


def test_plain_options_create_no_new_class() -> None:
    assert type(Options()) is type(Options(optimization_level=1)) is Options
    one, other = (Options(foo=value) for value in (1, 2))  # type: ignore[call-arg]
    assert type(one) is type(other)


class TestSetBackend:
    def test_without_calibration_sets_no_noise(self) -> None:
        configuration = SimpleNamespace(basis_gates=["x"], coupling_map=[[0, 1]])
        device = SimpleNamespace(configuration=lambda: configuration, properties=lambda: None)
        options = SimulatorOptions(noise_model=object(), seed_simulator=1)

        options.set_backend(device)

        assert options == SimulatorOptions(
            seed_simulator=1, basis_gates=["x"], coupling_map=[[0, 1]]
        )

    def test_rejects_other_backend_types(self) -> None:
        with pytest.raises(TypeError, match=r"configuration\(\) and properties\(\).*str"):
            SimulatorOptions().set_backend("ibm_moon")
