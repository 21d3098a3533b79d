"""Synthetic devices with ``cz`` and fractional gates, on a heavy-hex lattice or a line.

Terra's snapshots contain no such devices. Each device exists with and without noise; noiseless
devices allow comparison with exact values.
"""

from __future__ import annotations

from functools import cache
from typing import Any

WIDTHS = {"fake_heron": 156, "ideal_heron": 156, "fake_line": 5, "ideal_line": 5}
"""Number of qubits of each device."""
IDEAL = frozenset(name for name in WIDTHS if name.startswith("ideal_"))

_ROWS, _COLUMNS, _ROW = 8, 16, 20
_ONE, _TWO = ["id", "rx", "rz", "sx", "x"], ["cz", "rzz"]
_DATE = "2026-09-01T00:00:00+00:00"
_GATE_LENGTHS = {"id": 24, "rx": 24, "rz": 0, "sx": 24, "x": 24, "cz": 84, "rzz": 84}


@cache
def configuration(name: str) -> dict[str, Any]:
    """Return the configuration of a device."""
    width = WIDTHS[name]
    pairs = sorted([pair for edge in _edges(width) for pair in (list(edge), list(edge[::-1]))])
    each = [[qubit] for qubit in range(width)]
    gates = [_gate(gate, each) for gate in _ONE] + [_gate(gate, pairs) for gate in _TWO]
    return {
        "backend_name": name,
        "backend_version": "1.0.0",
        "n_qubits": width,
        "basis_gates": sorted(_ONE + _TWO),
        "gates": gates,
        "local": False,
        "simulator": False,
        "conditional": False,
        "open_pulse": False,
        "memory": True,
        "max_shots": 100_000,
        "max_experiments": 300,
        "coupling_map": pairs,
        "supported_instructions": [*sorted(_ONE + _TWO), "delay", "if_else", "measure", "reset"],
        "multi_meas_enabled": True,
        "online_date": "2026-01-01T00:00:00+00:00",
        "description": f"Synthetic device of {width} qubits",
        "dt": 4.0,
        "processor_type": {"family": "Heron", "revision": "2"},
        "timing_constraints": {
            "acquire_alignment": 1,
            "granularity": 1,
            "min_length": 1,
            "pulse_alignment": 1,
        },
    }


@cache
def calibration(name: str) -> dict[str, Any]:
    """Return the properties of a device; ideal devices have errors of zero."""
    width, scale = WIDTHS[name], 0.0 if name in IDEAL else 1.0
    return {
        "backend_name": name,
        "backend_version": "1.0.0",
        "last_update_date": _DATE,
        "qubits": [_qubit(number, scale) for number in range(width)],
        "gates": [
            {
                "qubits": place,
                "gate": gate["name"],
                "name": gate["name"] + "_".join(map(str, place)),
                "parameters": [
                    _fact("gate_error", "", scale * _error(gate["name"], place)),
                    _fact("gate_length", "ns", _GATE_LENGTHS[gate["name"]]),
                ],
            }
            for gate in configuration(name)["gates"]
            for place in gate["coupling_map"]
        ],
        "general": [],
    }


def _edges(width: int) -> list[tuple[int, int]]:
    if width < _ROW:
        return [(qubit, qubit + 1) for qubit in range(width - 1)]
    edges = []
    for row in range(_ROWS):
        first = row * _ROW
        edges += [(first + n, first + n + 1) for n in range(_COLUMNS - 1)]
        if row + 1 < _ROWS:
            for number in range(4):
                column = 4 * number + (1 if row % 2 else 3)
                between = first + _COLUMNS + number
                edges += [(first + column, between), (between, first + _ROW + column)]
    return edges


def _gate(name: str, places: list[list[int]]) -> dict[str, Any]:
    parameters = ["theta"] if name.startswith("r") else []
    return {"name": name, "parameters": parameters, "qasm_def": "", "coupling_map": places}


def _qubit(number: int, scale: float) -> list[dict[str, Any]]:
    varied = 1 + (number * 37 % 100) / 100
    return [
        _fact("T1", "us", 120.0 * varied),
        _fact("T2", "us", 90.0 * varied),
        _fact("readout_error", "", scale * 0.008 * varied),
        _fact("prob_meas0_prep1", "", scale * 0.010 * varied),
        _fact("prob_meas1_prep0", "", scale * 0.006 * varied),
        _fact("readout_length", "ns", 1560),
    ]


def _error(gate: str, place: list[int]) -> float:
    varied = 1 + (sum(place) * 53 % 100) / 100
    return 0.0 if gate == "rz" else varied * (2e-4 if len(place) == 1 else 2.5e-3)


def _fact(name: str, unit: str, value: float) -> dict[str, Any]:
    return {"date": _DATE, "name": name, "unit": unit, "value": value}
