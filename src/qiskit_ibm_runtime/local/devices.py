"""The backends of the embedded runtime, read from the calibration snapshots that Qiskit ships."""

from __future__ import annotations

import importlib.util
import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

SIMULATORS = {
    "ibmq_qasm_simulator": 32,
    "simulator_statevector": 28,
    "simulator_stabilizer": 5000,
    "simulator_mps": 100,
    "simulator_extended_stabilizer": 63,
}
_GATES = [
    "ccx",
    "ccz",
    "cp",
    "cswap",
    "csx",
    "cu",
    "cu1",
    "cu3",
    "cx",
    "cy",
    "cz",
    "diagonal",
    "ecr",
    "h",
    "id",
    "initialize",
    "mcp",
    "mcphase",
    "mcr",
    "mcrx",
    "mcry",
    "mcrz",
    "mcswap",
    "mcu",
    "mcx",
    "p",
    "pauli",
    "r",
    "rx",
    "rxx",
    "ry",
    "ryy",
    "rz",
    "rzx",
    "rzz",
    "s",
    "sdg",
    "swap",
    "sx",
    "sxdg",
    "t",
    "tdg",
    "u",
    "u1",
    "u2",
    "u3",
    "unitary",
    "x",
    "y",
    "z",
]


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Every backend: simulators first, then the devices by name."""
    return (*SIMULATORS, *sorted(f"fake_{folder.name}" for folder in _folders()))


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


@cache
def configuration(name: str) -> dict[str, Any]:
    """The backend's configuration as a real service sends it."""
    if name in SIMULATORS:
        return {
            "backend_name": name,
            "backend_version": "0.1.0",
            "n_qubits": SIMULATORS[name],
            "basis_gates": _GATES,
            "gates": [{"name": "u", "parameters": ["theta", "phi", "lam"], "qasm_def": ""}],
            "local": False,
            "simulator": True,
            "conditional": True,
            "open_pulse": False,
            "memory": True,
            "max_shots": 1_000_000,
            "max_experiments": 300,
            "coupling_map": None,
            "online_date": "2019-05-02T08:15:00+00:00",
            "description": "Qiskit Aer",
        }
    data = _read(name, "conf")
    data.update(backend_name=name, simulator=False, local=False)
    data.setdefault("online_date", "2020-01-01T00:00:00+00:00")
    data.setdefault("max_experiments", 300)
    return data


def properties(name: str) -> dict[str, Any]:
    """The calibration; empty for simulators."""
    return {} if name in SIMULATORS else {**_read(name, "props"), "backend_name": name}


def defaults(name: str) -> dict[str, Any]:
    """Pulse defaults; empty where there are none."""
    if name in SIMULATORS:
        return {}
    try:
        return _read(name, "defs")
    except FileNotFoundError:
        return {}


def _read(name: str, kind: str) -> dict[str, Any]:
    short = name.removeprefix("fake_")
    return json.loads((_snapshots() / short / f"{kind}_{short}.json").read_text())  # type: ignore[no-any-return]
