"""Built-in programs, one module with a ``main`` each. Imports no code that runs or stores jobs.

``specs/`` contains the metadata of each program (description, schemas of inputs and results).
Importing this package is cheap; a program is imported when it is loaded.
"""

from __future__ import annotations

import importlib
import json
from functools import cache
from pathlib import Path
from typing import Any, Callable

_MODULES = {
    "sampler": "sampler",
    "estimator": "estimator",
    "circuit-runner": "circuit_runner",
    "qasm3-runner": "qasm3_runner",
    "hello-world": "hello_world",
}
_V2_MODULES = {
    "sampler-v2": "sampler_v2",
    "estimator-v2": "estimator_v2",
    "executor-v2": "executor_v2",
}
DRAWING = "draw"
"""Program that draws circuits and results for the web page; users cannot run it."""


def names() -> tuple[str, ...]:
    """Return the ids of the programs that clients of the classic protocol can run."""
    return tuple(_MODULES)


def is_v2(program: str) -> bool:
    """Return whether a program is a V2 program, which decodes its own inputs."""
    return program in _V2_MODULES


def is_primitive(program: str) -> bool:
    """Return whether a program is a primitive of the classic protocol, which may run in parts."""
    return program in ("sampler", "estimator")


@cache
def metadata(program: str) -> dict[str, Any]:
    """Return the metadata of a program: name, description, time limit and schemas."""
    file = Path(__file__).parent / "specs" / f"{_MODULES[program]}.json"
    return json.loads(file.read_text())  # type: ignore[no-any-return]


def load(program: str) -> Callable[..., Any]:
    """Return the entry point of a program.

    Raises:
        ValueError: If there is no such program.
    """
    if program == DRAWING:
        from . import drawing

        return drawing.main
    modules = {**_MODULES, **_V2_MODULES}
    if program not in modules:
        raise ValueError(f"Unknown program {program!r}. Choose from {', '.join(modules)}.")
    module = importlib.import_module(f"{__name__}.{modules[program]}")
    return module.main  # type: ignore[no-any-return]


def import_all() -> None:
    """Import all programs, so that their first jobs need not wait for it."""
    for program in (*_MODULES, *_V2_MODULES):
        load(program)
