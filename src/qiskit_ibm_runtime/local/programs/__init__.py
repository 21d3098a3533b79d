"""Owns the programs, one module with a ``main`` each; never imports what runs or keeps jobs.

What the service tells about a program (description, schemas of its inputs and results) is in
``specs/``. Importing this package is light; a program is imported when it is loaded.
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
"""Draws circuits and results for the page of the server; no user can run it."""


def names() -> tuple[str, ...]:
    """Ids of the programs that clients of the classic protocol can run."""
    return tuple(_MODULES)


def is_v2(program: str) -> bool:
    """Whether a program is a V2 program, which decodes its own inputs."""
    return program in _V2_MODULES


def is_primitive(program: str) -> bool:
    """Return whether a program is a primitive of the classic protocol, which may run in parts."""
    return program in ("sampler", "estimator")


@cache
def metadata(program: str) -> dict[str, Any]:
    """What the service tells about a program: name, description, longest time and schemas."""
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
        raise ValueError(f"There is no program {program!r}; there are {', '.join(modules)}.")
    module = importlib.import_module(f"{__name__}.{modules[program]}")
    return module.main  # type: ignore[no-any-return]


def import_all() -> None:
    """Import every program, so that the first job of each does not wait for it."""
    for program in (*_MODULES, *_V2_MODULES):
        load(program)
