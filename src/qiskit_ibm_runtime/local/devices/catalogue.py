"""The backends of the embedded runtime, read from the calibration snapshots that Qiskit ships."""

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
    """Bytes that this process may use: those of the machine, or its own limit."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return machine if limit == resource.RLIM_INFINITY else min(machine, limit)


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Every backend: simulators first, then the devices by name."""
    return (*WIDTHS, *sorted(f"fake_{folder.name}" for folder in _folders()))


def is_simulator(name: str) -> bool:
    """Whether a backend is no device."""
    return name in WIDTHS


@cache
def configuration(name: str) -> dict[str, Any]:
    """The backend's configuration as a real service sends it; do not change it.

    A device's has ``simulation_memory`` besides, by which clients tell what is too large for it.
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
        # Some snapshots promise pulses that they do not define.
        open_pulse=data["open_pulse"] and _path(name, "defs").is_file(),
        simulation_memory=memory(),
    )
    # Older snapshots do not say it; circuits with measurements in the middle run here on each.
    data.setdefault("multi_meas_enabled", True)
    data.setdefault("online_date", "2020-01-01T00:00:00+00:00")
    data.setdefault("max_experiments", 300)
    return data


@lru_cache(maxsize=8)
def properties(name: str) -> dict[str, Any]:
    """The calibration; empty for what has no noise; do not change it."""
    if is_simulator(name) or name in herons.IDEAL:
        return {}
    if name in herons.WIDTHS:
        return herons.calibration(name)
    return {**_read(name, "props"), "backend_name": name}


def defaults(name: str) -> dict[str, Any]:
    """Pulse defaults; empty where there are none."""
    if is_simulator(name) or name in herons.WIDTHS:
        return {}
    return _read(name, "defs") if _path(name, "defs").is_file() else {}


def _snapshots() -> Path:
    spec = importlib.util.find_spec("qiskit")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("Qiskit, whose snapshots of devices are used here, is not there.")
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
