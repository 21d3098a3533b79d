"""Merging options in dict form."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from qiskit_ibm_runtime.options import ExecutionOptions, Options, SimulatorOptions

merge = Options._merge_options


@pytest.fixture
def base() -> dict[str, Any]:
    return asdict(Options())


@pytest.mark.parametrize(
    ("new", "path", "value"),
    [
        ({"shots": 99}, ("execution", "shots"), 99),
        ({"execution": {"shots": 99}}, ("execution", "shots"), 99),
        ({"seed_simulator": 42}, ("simulator", "seed_simulator"), 42),
        ({"initial_layout": [1, 2]}, ("transpilation", "initial_layout"), [1, 2]),
        ({"log_level": "INFO"}, ("environment", "log_level"), "INFO"),
        ({"noise_factors": (1, 2)}, ("resilience", "noise_factors"), (1, 2)),
        ({"optimization_level": 1}, ("optimization_level",), 1),
        ({"image": "a:1"}, ("image",), "a:1"),
        ({"shots": 5, "execution": {"shots": 7}}, ("execution", "shots"), 7),
        ({"execution": {"shots": 7}, "shots": 5}, ("execution", "shots"), 7),
        ({"transpilation": {"foo": 1}, "foo": 2}, ("transpilation", "foo"), 1),
        ({"transpilation": {"foo": 1}, "foo": 2}, ("foo",), 2),
        ({"execution": None}, ("execution", "shots"), 4000),
        ({"simulator": {"foo": 1}}, ("simulator", "foo"), 1),
    ],
)
def test_flat_name_goes_to_its_section(
    base: dict[str, Any], new: dict[str, Any], path: tuple[str, ...], value: Any
) -> None:
    found: Any = merge(base, new)
    for step in path:
        found = found[step]

    assert found == value


def test_name_in_the_last_section_stays_there(base: dict[str, Any]) -> None:
    assert "foo" not in merge(base, {"simulator": {"foo": 1}})


def test_merges_flat_and_nested_names_of_one_call(base: dict[str, Any]) -> None:
    result = merge(
        base,
        {
            "initial_layout": [1, 2],
            "transpilation": {"layout_method": "trivial"},
            "log_level": "INFO",
        },
    )

    assert result["transpilation"] == {
        **base["transpilation"],
        "initial_layout": [1, 2],
        "layout_method": "trivial",
    }
    assert result["environment"]["log_level"] == "INFO"
    assert result.keys() == base.keys()


def test_undeclared_name_of_a_section_is_recognized_later(base: dict[str, Any]) -> None:
    first = merge(base, {"transpilation": {"foo": 1}})

    assert merge(first, {"foo": 2})["transpilation"]["foo"] == 2


def test_section_object_replaces_the_old_section(base: dict[str, Any]) -> None:
    old = merge(base, {"shots": 99, "execution": {"foo": 1}})

    result = merge(old, {"execution": ExecutionOptions(init_qubits=False)})

    assert result["execution"] == {"shots": 4000, "init_qubits": False}


def test_base_options_may_hold_section_objects(base: dict[str, Any]) -> None:
    old = {**base, "simulator": SimulatorOptions(seed_simulator=1)}

    assert merge(old, {"seed_simulator": 2})["simulator"] == {
        **base["simulator"],
        "seed_simulator": 2,
    }


def test_rejects_section_of_another_type(base: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"'execution'.*int"):
        merge(base, {"execution": 100})


@pytest.mark.parametrize("name", ["noise_model", "initial_layout"])
def test_mapping_value_is_replaced_not_merged(base: dict[str, Any], name: str) -> None:
    section = "simulator" if name == "noise_model" else "transpilation"
    old = merge(base, {name: {"a": 1}})

    for new in ({name: {"b": 2}}, {section: {name: {"b": 2}}}):
        assert merge(old, new)[section][name] == {"b": 2}
    assert merge(old, {name: None})[section][name] is None


class TestCopying:
    def test_copies_containers_of_the_base_options(self, base: dict[str, Any]) -> None:
        base["environment"]["job_tags"] = [["a"]]

        result = merge(base)
        base["environment"]["job_tags"][0].append("b")
        base["execution"]["shots"] = 1

        assert result["environment"]["job_tags"] == [["a"]]
        assert result["execution"]["shots"] == 4000

    def test_copies_containers_of_the_new_options(self, base: dict[str, Any]) -> None:
        new: dict[str, Any] = {"job_tags": ["a"], "execution": {"foo": {"bar": [1]}}}

        result = merge(base, new)
        new["job_tags"].append("b")
        new["execution"]["foo"]["bar"].append(2)

        assert result["environment"]["job_tags"] == ["a"]
        assert result["execution"]["foo"] == {"bar": [1]}

    def test_does_not_copy_other_values(self, base: dict[str, Any]) -> None:
        class Owner:
            def __deepcopy__(self, memo: object) -> Owner:
                raise AssertionError("a value was copied")

            __copy__ = __deepcopy__  # type: ignore[assignment]

            def callback(self, *_: object) -> None: ...

        owner, array, model = Owner(), np.zeros(3), {"errors": [1]}
        new = {"callback": owner.callback, "foo": [owner], "bar": array, "noise_model": model}

        result = merge(merge(base, new))

        assert result["environment"]["callback"].__self__ is owner
        assert result["foo"][0] is owner
        assert result["bar"] is array
        assert result["simulator"]["noise_model"] is model
