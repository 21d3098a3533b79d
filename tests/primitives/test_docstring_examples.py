"""Docstring examples of primitives and options, run on the embedded runtime."""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import fields
from typing import Any

import pytest

from qiskit_ibm_runtime import Estimator, Options, Sampler, options

CLASSES = [Sampler, Estimator, *(getattr(options, name) for name in options.__all__)]
EXAMPLE = re.compile(r"\.\. code-block:: python\n\n((?:    .*\n|\n)+)")


def examples(documented: Any) -> list[str]:
    found = EXAMPLE.findall((inspect.getdoc(documented) or "") + "\n")
    return [textwrap.dedent(example) for example in found]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_example_runs(cls: type, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = examples(cls)
    names: dict[str, Any] = {}

    exec(compile(example, f"<example of {cls.__name__}>", "exec"), names)

    made = [value for value in names.values() if isinstance(value, (cls, Options))]
    assert made
    if cls in (Sampler, Estimator):
        assert capsys.readouterr().out


@pytest.mark.parametrize("cls", CLASSES[2:], ids=lambda cls: cls.__name__)
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
