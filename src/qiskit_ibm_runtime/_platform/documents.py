"""What the platform says of its devices, in the form in which V1 clients were told it.

Every field may be missing: what is gone reads as ``None``, and instructions that no Qiskit of this
time knows are left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime._circuits.standard import KNOWN, STANDARD
from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable

# Angles of rzz are limited, and both exclude most mitigation: V1 programs never asked for them.
FRACTIONAL = frozenset({"rx", "rzz"})
_GATES = frozenset(KNOWN[kind].name for kind in STANDARD) - {"measure", "reset"}
_FLOW = frozenset({"if_else"})
_KNOWN = _GATES | _FLOW | {"measure", "reset", "delay", "barrier"}
_ON_TWO = frozenset({"cz", "cx", "ecr"})
# Fields of 2023 that no device reports any more.
_GONE = (
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
# Sent as null or malformed, they stop terra from reading the rest; no device takes pulses any more.
_OF_PULSES = (*_GONE, "defaults")
_LEAST_NANOSECONDS = 1e-4
_MOST_SHOTS = 100_000
_MOST_CIRCUITS = 300
_LONG_AGO = "2020-01-01T00:00:00Z"


class Configuration(dict[str, Any]):
    """The description of a device; :attr:`absent` are fields that read as ``None``."""

    absent = _GONE


def names_of(listing: Any) -> list[str]:
    """Return the names of the devices in a listing, which holds names or objects.

    Raises:
        ApiIBMProtocolError: If it holds something else.
    """
    devices = listing.get("devices", listing.get("backends")) if isinstance(listing, dict) else None
    if not isinstance(devices, list):
        raise ApiIBMProtocolError("The service listed its backends in an unknown form.")
    names = []
    for device in devices:
        name = (
            device.get("name", device.get("backend_name")) if isinstance(device, dict) else device
        )
        if isinstance(name, str) and name:
            names.append(name)
    if devices and not names:
        raise ApiIBMProtocolError("The service listed backends without names.")
    return list(dict.fromkeys(names))


def configuration_of(name: str, raw: dict[str, Any]) -> Configuration:
    """Return a configuration with the fields that V1 clients rely on.

    Raises:
        ApiIBMProtocolError: If it does not say how many qubits the device has.
    """
    gates = [_gate(gate) for gate in raw.get("gates") or [] if _is_of_use(gate)]
    coupling = raw.get("coupling_map") or _coupled(gates)
    qubits = raw.get("n_qubits", raw.get("num_qubits", raw.get("qubits")))
    if qubits is None and coupling:
        qubits = 1 + max(map(max, coupling))
    if not isinstance(qubits, int):
        raise ApiIBMProtocolError(f"The service does not say how many qubits {name} has.")
    gates = gates or _listed_gates(raw.get("basis_gates") or [], qubits, coupling)
    simulator = bool(raw.get("simulator", raw.get("is_simulator", False)))
    listed = raw.get("basis_gates") or [gate["name"] for gate in gates]
    basis = _of_use(listed)
    if not any(gate["name"] == "reset" for gate in gates) and not simulator:
        gates.append({"name": "reset", "parameters": [], "qasm_def": "gate reset q { }"})
        gates[-1]["coupling_map"] = [[qubit] for qubit in range(qubits)]
    found = {
        "backend_version": "0.0.0",
        "online_date": _LONG_AGO,
        "local": False,
        "memory": True,
        "conditional": False,
        **{key: value for key, value in raw.items() if key not in _OF_PULSES and value is not None},
        "backend_name": name,
        "n_qubits": qubits,
        "basis_gates": basis,
        "gates": gates,
        "coupling_map": coupling,
        "simulator": simulator,
        "open_pulse": False,
        "max_shots": _positive(raw.get("max_shots"), _MOST_SHOTS),
        "max_experiments": _positive(raw.get("max_experiments"), _MOST_CIRCUITS),
        "supported_instructions": _of_use(raw.get("supported_instructions") or []) or None,
        **{name: raw[name] for name in ("meas_map", "dtm") if raw.get(name)},
    }
    dt = found.get("dt")
    if isinstance(dt, float) and 0 < dt < _LEAST_NANOSECONDS:
        found["dt"] = dt * 1e9  # given in seconds
    return Configuration(found)


def _coupled(gates: list[dict[str, Any]]) -> list[list[int]] | None:
    """Return the couplings that gates on two qubits tell; ``None`` without any."""
    pairs = {
        tuple(place)
        for gate in gates
        for place in gate.get("coupling_map") or ()
        if len(place) == 2
    }
    return [list(pair) for pair in sorted(pairs)] or None


def _listed_gates(
    names: Iterable[Any], qubits: int, coupling: list[list[int]] | None
) -> list[dict[str, Any]]:
    """Return the gates of a device that names them without saying where they work."""
    if coupling is None:
        return []  # a simulator's work everywhere
    single = [[qubit] for qubit in range(qubits)]
    found = []
    for name in names:
        if _is_of_use({"name": name}) and name != "reset":
            places = coupling if name in _ON_TWO else single
            parameters = ["theta"] if name in ("rz", "p") else []
            found.append(_gate({"name": name, "parameters": parameters, "coupling_map": places}))
    return found


def _is_of_use(gate: Any) -> bool:
    return isinstance(gate, dict) and gate.get("name") in (_GATES - FRACTIONAL) | {"reset"}


def _of_use(names: Iterable[Any]) -> list[str]:
    return [name for name in names if name in _KNOWN and name not in FRACTIONAL]


def _gate(gate: dict[str, Any]) -> dict[str, Any]:
    return {
        **gate,
        "parameters": gate.get("parameters") or [],
        "qasm_def": gate.get("qasm_def") or f"gate {gate['name']} q {{ }}",
    }


def _positive(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and value > 0 else otherwise


def properties_of(name: str, raw: Any) -> dict[str, Any]:
    """Return a calibration in the form of terra's ``BackendProperties``; empty if there is none."""
    if not isinstance(raw, dict) or not raw.get("qubits"):
        return {}
    date = raw.get("last_update_date") or _LONG_AGO
    measured = _measurements(raw.get("gates") or [])
    qubits = [
        _values(values, date) + _missing(values, measured.get(place, []), date)
        for place, values in enumerate(raw["qubits"])
    ]
    gates = [
        {**gate, "qubits": list(gate["qubits"]), "parameters": _values(gate["parameters"], date)}
        for gate in map(_named, raw.get("gates") or [])
        if _is_of_use({"name": gate.get("gate")}) and gate.get("qubits")
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


def _named(gate: Any) -> dict[str, Any]:
    found = dict(gate) if isinstance(gate, dict) else {}
    found.setdefault("parameters", [])
    return found


def _values(values: Any, date: str) -> list[dict[str, Any]]:
    """Return the values that are numbers, each with all of its fields."""
    found = []
    for value in values or []:
        number = value.get("value") if isinstance(value, dict) else None
        if isinstance(number, (int, float)) and not math.isnan(number) and value.get("name"):
            found.append({"date": date, "unit": "", **value})
            if found[-1]["unit"] is None:
                found[-1]["unit"] = ""
    return found


def _measurements(gates: list[Any]) -> dict[int, list[dict[str, Any]]]:
    """Return what the entries of the instruction ``measure`` say, by qubit, as values of qubits."""
    names = {"gate_error": "readout_error", "gate_length": "readout_length"}
    found: dict[int, list[dict[str, Any]]] = {}
    for gate in map(_named, gates):
        if gate.get("gate") == "measure" and len(gate.get("qubits") or []) == 1:
            found[gate["qubits"][0]] = [
                {**value, "name": names[value["name"]]}
                for value in gate["parameters"]
                if isinstance(value, dict) and value.get("name") in names
            ]
    return found


def _missing(values: Any, more: list[dict[str, Any]], date: str) -> list[dict[str, Any]]:
    known = {value.get("name") for value in values or [] if isinstance(value, dict)}
    return _values([value for value in more if value["name"] not in known], date)


def status_of(name: str, raw: dict[str, Any]) -> dict[str, Any]:
    """Return a status in the form of terra's ``BackendStatus``."""
    said = raw.get("status")
    if isinstance(said, dict):  # as in listings
        said = said.get("name") or said.get("status")
    message = str(said or raw.get("message") or "")
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
    """Return for each qubit how often 0 is read as 1, and 1 as 0; both 0.0 if that is not known."""
    found = []
    for values in properties.get("qubits") or []:
        known = {value["name"]: float(value["value"]) for value in values}
        both = known.get("readout_error", 0.0)
        found.append((known.get("prob_meas1_prep0", both), known.get("prob_meas0_prep1", both)))
    return found
