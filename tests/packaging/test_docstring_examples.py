"""Every public class has an example, and every docstring example runs."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import textwrap
import warnings
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

import qiskit_ibm_runtime
from qiskit_ibm_runtime import options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLE = re.compile(r"\.\. code-block:: python\n\n((?:    .*\n|\n)+)")


def examples(documented: Any) -> list[str]:
    found = EXAMPLE.findall((inspect.getdoc(documented) or "") + "\n")
    return [textwrap.dedent(example) for example in found]


def documented_objects() -> Iterator[tuple[str, Any]]:
    """Yield the public classes, functions and methods of the package by qualified name."""
    path = qiskit_ibm_runtime.__path__
    for found in pkgutil.walk_packages(path, "qiskit_ibm_runtime."):
        if found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for thing in vars(module).values():
            if getattr(thing, "__module__", None) != found.name:
                continue
            if inspect.isclass(thing) or inspect.isfunction(thing):
                yield thing.__qualname__, thing
            for member in vars(thing).values() if inspect.isclass(thing) else ():
                method = getattr(member, "__func__", member)
                if inspect.isfunction(method):
                    yield method.__qualname__, method


pytest.importorskip("qiskit_aer", reason="the examples run on the embedded runtime")
PUBLIC = [getattr(qiskit_ibm_runtime, name) for name in qiskit_ibm_runtime.__all__]
PUBLIC_CLASSES = [thing for thing in PUBLIC if inspect.isclass(thing)]
SECTIONS = [getattr(options, name) for name in options.__all__]
EXAMPLES = [
    pytest.param(thing, example, id=name)
    for name, thing in documented_objects()
    for example in examples(thing)
]


@pytest.mark.parametrize(("thing", "example"), EXAMPLES)
@pytest.mark.usefixtures("capsys")
def test_example_runs(
    thing: Any, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "example"}
    if "." in thing.__qualname__:  # an example of a method may use its class
        owner = getattr(importlib.import_module(thing.__module__), thing.__qualname__.split(".")[0])
        names[owner.__name__] = owner
        names.update({cls.__name__: cls for cls in PUBLIC_CLASSES if issubclass(cls, owner)})
    with warnings.catch_warnings():
        if thing.__name__ == "RuntimeSession":  # it warns, as it should
            warnings.simplefilter("ignore", DeprecationWarning)
        exec(compile(example, f"<example of {thing.__qualname__}>", "exec"), names)


def test_every_public_class_has_an_example() -> None:
    classes = [cls for cls in PUBLIC_CLASSES if not issubclass(cls, Exception)] + SECTIONS

    assert [cls.__name__ for cls in classes if not examples(cls)] == []
    assert len(classes) > 8


@pytest.mark.parametrize("cls", SECTIONS, ids=lambda cls: cls.__name__)
def test_every_option_is_described(cls: Any) -> None:
    described = inspect.getdoc(cls) or ""

    for field in fields(cls):
        assert re.search(rf"^    {field.name}: ", described, re.MULTILINE), field.name


def test_simulator_can_use_the_noise_of_a_device() -> None:
    (example,) = examples(options.SimulatorOptions.set_backend)
    names: dict[str, Any] = {}

    exec(compile(example, "<example of set_backend>", "exec"), names)

    simulator = names["options"].simulator
    device = names["service"].backend("fake_manila")
    assert simulator.coupling_map == device.configuration().coupling_map
    assert simulator.basis_gates == device.configuration().basis_gates
    assert {"cx", "sx"} <= set(simulator.noise_model.noise_instructions)
