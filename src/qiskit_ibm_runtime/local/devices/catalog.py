"""Backend catalog, read from the calibration snapshots that come with Qiskit."""

from __future__ import annotations

import importlib.util
import json
import os
import resource
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from . import herons
from .simulators import WIDTHS, simulator_configuration


@lru_cache(maxsize=1)
def memory() -> int:
    """Return the memory that this process may use, in bytes: the machine's or a resource limit."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return machine if limit == resource.RLIM_INFINITY else min(machine, limit)


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Return the names of all backends: simulators first, then devices by name."""
    return (*WIDTHS, *sorted(f"fake_{folder.name}" for folder in _folders()))


def is_simulator(name: str) -> bool:
    """Return whether a backend is a simulator."""
    return name in WIDTHS


@cache
def configuration(name: str) -> dict[str, Any]:
    """Return a backend's configuration in the service's format; callers must not modify it.

    Devices have an additional field ``simulation_memory``, by which clients recognize circuits that
    are too large.
    """
    if is_simulator(name):
        return simulator_configuration(name, memory())
    if name in herons.WIDTHS:
        return {**herons.configuration(name), "simulation_memory": memory()}
    data = _read(name, "conf")
    data.update(
        backend_name=name,
        simulator=False,
        local=False,
        # Some snapshots claim open pulse without defining pulses.
        open_pulse=data["open_pulse"] and _path(name, "defs").is_file(),
        simulation_memory=memory(),
    )
    # Older snapshots lack this field; all devices support mid-circuit measurements here.
    data.setdefault("multi_meas_enabled", True)
    data.setdefault("online_date", "2020-01-01T00:00:00+00:00")
    data.setdefault("max_experiments", 300)
    return data


@lru_cache(maxsize=8)
def properties(name: str) -> dict[str, Any]:
    """Return a backend's calibration, empty if it has no noise; callers must not modify it."""
    if is_simulator(name) or name in herons.IDEAL:
        return {}
    if name in herons.WIDTHS:
        return herons.calibration(name)
    return {**_read(name, "props"), "backend_name": name}


def defaults(name: str) -> dict[str, Any]:
    """Return a backend's pulse defaults, empty if it has none."""
    if is_simulator(name) or name in herons.WIDTHS:
        return {}
    return _read(name, "defs") if _path(name, "defs").is_file() else {}


def _snapshots() -> Path:
    spec = importlib.util.find_spec("qiskit")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            "Qiskit is not installed; the embedded runtime needs its device snapshots."
        )
    return Path(spec.submodule_search_locations[0]) / "providers" / "fake_provider" / "backends"


def _folders() -> list[Path]:
    return [
        folder
        for folder in _snapshots().iterdir()
        if all((folder / f"{kind}_{folder.name}.json").is_file() for kind in ("conf", "props"))
    ]


def _path(name: str, kind: str) -> Path:
    short = name.removeprefix("fake_")
    return _snapshots() / short / f"{kind}_{short}.json"


def _read(name: str, kind: str) -> dict[str, Any]:
    return json.loads(_path(name, kind).read_text())  # type: ignore[no-any-return]
