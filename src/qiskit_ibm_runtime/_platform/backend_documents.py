"""Conversion of the platform's backend documents to the form that V1 clients expect.

Any field may be missing. Fields that the platform removed read as ``None``, and instructions that
the supported versions of Qiskit do not have are left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime._circuits.form import OPERATION_CLASSES, STANDARD_GATES
from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable

# V1 programs never used fractional gates: they rule out most mitigation, and rzz limits its angle.
FRACTIONAL = frozenset({"rx", "rzz"})
_GATES = frozenset(OPERATION_CLASSES[kind].name for kind in STANDARD_GATES) - {"measure", "reset"}
_CONTROL_FLOW = frozenset({"if_else"})
_SUPPORTED_NAMES = _GATES | _CONTROL_FLOW | {"measure", "reset", "delay", "barrier"}
_TWO_QUBIT_GATES = frozenset({"cz", "cx", "ecr"})
# Fields of 2023 that backends no longer report.
_REMOVED_FIELDS = (
    "acquisition_latency",
    "channels",
    "conditional_latency",
    "discriminators",
    "dtm",
    "hamiltonian",
    "meas_kernels",
    "meas_levels",
    "meas_lo_range",
    "meas_map",
    "n_uchannels",
    "parametric_pulses",
    "quantum_volume",
    "qubit_channel_mapping",
    "qubit_lo_range",
    "rep_times",
    "u_channel_lo",
)
# Null or malformed values of these pulse fields would make terra reject the whole document.
_PULSE_FIELDS = (*_REMOVED_FIELDS, "defaults")
_LEAST_NANOSECONDS = 1e-4
_MOST_SHOTS = 100_000
_MOST_CIRCUITS = 300
_UNKNOWN_DATE = "2020-01-01T00:00:00Z"


class Configuration(dict[str, Any]):
    """Configuration of a backend; the fields in :attr:`absent` read as ``None``."""

    absent = _REMOVED_FIELDS


def backend_names(listing: Any) -> list[str]:
    """Return the names of the backends in a listing of names or objects.

    Raises:
        ApiIBMProtocolError: If the listing is malformed.
    """
    devices = listing.get("devices", listing.get("backends")) if isinstance(listing, dict) else None
    if not isinstance(devices, list):
        raise ApiIBMProtocolError("The service returned a malformed list of backends.")
    names = []
    for device in devices:
        name = (
            device.get("name", device.get("backend_name")) if isinstance(device, dict) else device
        )
        if isinstance(name, str) and name:
            names.append(name)
    if devices and not names:
        raise ApiIBMProtocolError("The service returned a list of backends without names.")
    return list(dict.fromkeys(names))


def v1_configuration(name: str, raw: dict[str, Any]) -> Configuration:
    """Return a configuration with the fields that V1 clients rely on.

    Raises:
        ApiIBMProtocolError: If the number of qubits is missing.
    """
    gates = [_gate(gate) for gate in raw.get("gates") or [] if _is_supported_gate(gate)]
    coupling = raw.get("coupling_map") or _coupling_of_gates(gates)
    qubits = raw.get("n_qubits", raw.get("num_qubits", raw.get("qubits")))
    if qubits is None and coupling:
        qubits = 1 + max(map(max, coupling))
    if not isinstance(qubits, int):
        raise ApiIBMProtocolError(
            f"The service did not report the number of qubits of backend {name!r}."
        )
    gates = gates or _gates_from_basis(raw.get("basis_gates") or [], qubits, coupling)
    simulator = bool(raw.get("simulator", raw.get("is_simulator", False)))
    listed = raw.get("basis_gates") or [gate["name"] for gate in gates]
    basis = _supported(listed)
    if not any(gate["name"] == "reset" for gate in gates) and not simulator:
        gates.append({"name": "reset", "parameters": [], "qasm_def": "gate reset q { }"})
        gates[-1]["coupling_map"] = [[qubit] for qubit in range(qubits)]
    found = {
        "backend_version": "0.0.0",
        "online_date": _UNKNOWN_DATE,
        "local": False,
        "memory": True,
        "conditional": False,
        **{
            key: value
            for key, value in raw.items()
            if key not in _PULSE_FIELDS and value is not None
        },
        "backend_name": name,
        "n_qubits": qubits,
        "basis_gates": basis,
        "gates": gates,
        "coupling_map": coupling,
        "simulator": simulator,
        "open_pulse": False,
        "max_shots": _positive(raw.get("max_shots"), _MOST_SHOTS),
        "max_experiments": _positive(raw.get("max_experiments"), _MOST_CIRCUITS),
        "supported_instructions": _supported(raw.get("supported_instructions") or []) or None,
        **{name: raw[name] for name in ("meas_map", "dtm") if raw.get(name)},
    }
    dt = found.get("dt")
    if isinstance(dt, float) and 0 < dt < _LEAST_NANOSECONDS:
        found["dt"] = dt * 1e9  # from seconds to nanoseconds
    return Configuration(found)


def _coupling_of_gates(gates: list[dict[str, Any]]) -> list[list[int]] | None:
    """Return the coupling map implied by the two-qubit gates, or ``None``."""
    pairs = {
        tuple(place)
        for gate in gates
        for place in gate.get("coupling_map") or ()
        if len(place) == 2
    }
    return [list(pair) for pair in sorted(pairs)] or None


def _gates_from_basis(
    names: Iterable[Any], qubits: int, coupling: list[list[int]] | None
) -> list[dict[str, Any]]:
    """Return entries for the gates of a backend that lists only their names."""
    if coupling is None:
        return []  # a simulator: its gates apply to all qubits
    single = [[qubit] for qubit in range(qubits)]
    found = []
    for name in names:
        if _is_supported_gate({"name": name}) and name != "reset":
            places = coupling if name in _TWO_QUBIT_GATES else single
            parameters = ["theta"] if name in ("rz", "p") else []
            found.append(_gate({"name": name, "parameters": parameters, "coupling_map": places}))
    return found


def _is_supported_gate(gate: Any) -> bool:
    return isinstance(gate, dict) and gate.get("name") in (_GATES - FRACTIONAL) | {"reset"}


def _supported(names: Iterable[Any]) -> list[str]:
    return [name for name in names if name in _SUPPORTED_NAMES and name not in FRACTIONAL]


def _gate(gate: dict[str, Any]) -> dict[str, Any]:
    return {
        **gate,
        "parameters": gate.get("parameters") or [],
        "qasm_def": gate.get("qasm_def") or f"gate {gate['name']} q {{ }}",
    }


def _positive(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and value > 0 else otherwise


def v1_properties(name: str, raw: Any) -> dict[str, Any]:
    """Return a calibration as terra's ``BackendProperties`` document; empty if there is none."""
    if not isinstance(raw, dict) or not raw.get("qubits"):
        return {}
    date = raw.get("last_update_date") or _UNKNOWN_DATE
    measured = _readout_values(raw.get("gates") or [])
    qubits = [
        _values(values, date) + _missing_values(values, measured.get(place, []), date)
        for place, values in enumerate(raw["qubits"])
    ]
    gates = [
        {**gate, "qubits": list(gate["qubits"]), "parameters": _values(gate["parameters"], date)}
        for gate in map(_with_parameters, raw.get("gates") or [])
        if _is_supported_gate({"name": gate.get("gate")}) and gate.get("qubits")
    ]
    return {
        **raw,
        "backend_name": name,
        "backend_version": raw.get("backend_version") or "0.0.0",
        "last_update_date": date,
        "qubits": qubits,
        "gates": gates,
        "general": _values(raw.get("general"), date),
    }


def _with_parameters(gate: Any) -> dict[str, Any]:
    found = dict(gate) if isinstance(gate, dict) else {}
    found.setdefault("parameters", [])
    return found


def _values(values: Any, date: str) -> list[dict[str, Any]]:
    """Return the numeric values, each with all of the required fields."""
    found = []
    for value in values or []:
        number = value.get("value") if isinstance(value, dict) else None
        if isinstance(number, (int, float)) and not math.isnan(number) and value.get("name"):
            found.append({"date": date, "unit": "", **value})
            if found[-1]["unit"] is None:
                found[-1]["unit"] = ""
    return found


def _readout_values(gates: list[Any]) -> dict[int, list[dict[str, Any]]]:
    """Return the values of the ``measure`` instruction as qubit values, keyed by qubit."""
    names = {"gate_error": "readout_error", "gate_length": "readout_length"}
    found: dict[int, list[dict[str, Any]]] = {}
    for gate in map(_with_parameters, gates):
        if gate.get("gate") == "measure" and len(gate.get("qubits") or []) == 1:
            found[gate["qubits"][0]] = [
                {**value, "name": names[value["name"]]}
                for value in gate["parameters"]
                if isinstance(value, dict) and value.get("name") in names
            ]
    return found


def _missing_values(values: Any, more: list[dict[str, Any]], date: str) -> list[dict[str, Any]]:
    known = {value.get("name") for value in values or [] if isinstance(value, dict)}
    return _values([value for value in more if value["name"] not in known], date)


def v1_status(name: str, raw: dict[str, Any]) -> dict[str, Any]:
    """Return a status as terra's ``BackendStatus`` document."""
    status = raw.get("status")
    if isinstance(status, dict):  # as in listings
        status = status.get("name") or status.get("status")
    message = str(status or raw.get("message") or "")
    operational = raw.get("state")
    if not isinstance(operational, bool):
        operational = message.lower() in ("active", "online")
    queue = raw.get("length_queue", raw.get("queue_length", raw.get("pending_jobs")))
    return {
        "backend_name": name,
        "backend_version": str(raw.get("backend_version") or "0.0.0"),
        "operational": operational,
        "status_msg": "active" if message.lower() == "online" else message,
        "pending_jobs": max(queue, 0) if isinstance(queue, int) else 0,
    }


def readout_errors(properties: dict[str, Any]) -> list[tuple[float, float]]:
    """Return P(read 1 | is 0) and P(read 0 | is 1) of each qubit, or zeros if unknown."""
    found = []
    for values in properties.get("qubits") or []:
        known = {value["name"]: float(value["value"]) for value in values}
        both = known.get("readout_error", 0.0)
        found.append((known.get("prob_meas1_prep0", both), known.get("prob_meas0_prep1", both)))
    return found
