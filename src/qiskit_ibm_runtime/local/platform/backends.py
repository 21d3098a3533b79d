"""Devices: list, configuration, properties and status.

Configurations and properties of 2023 are converted to the documents of today's platform.
"""

import re
from functools import lru_cache
from typing import Any

from qiskit_ibm_runtime.local.devices import catalog, herons
from qiskit_ibm_runtime.local.endpoints.endpoint import Call, Routes
from qiskit_ibm_runtime.local.protocol.models import BackendStatus
from qiskit_ibm_runtime.local.protocol.responses import JSONResponse, invalid
from qiskit_ibm_runtime.local.runtime import one_of

from . import models

BACKENDS = Routes()
VERSIONS = (
    *("2024-01-01", "2025-01-01", "2025-05-01", "2026-02-01", "2026-02-15", "2026-03-15"),
    "2026-04-15",
)
_OBJECTS_SINCE = "2025-05-01"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_REMOVED_FIELDS = frozenset(
    (
        *("acquisition_latency", "allow_q_object", "backend_converters", "channels"),
        *("conditional_latency", "defaults", "discriminators", "hamiltonian", "meas_kernels"),
        *("meas_levels", "meas_lo_range", "n_registers", "n_uchannels", "parametric_pulses"),
        *("pulse_num_channels", "pulse_num_qubits", "quantum_volume", "qubit_channel_mapping"),
        *("qubit_lo_range", "rep_times", "simulation_memory", "u_channel_lo", "uchannels_enabled"),
    )
)
_QUBIT_PROPERTIES = frozenset(
    ("T1", "T2", "readout_error", "prob_meas0_prep1", "prob_meas1_prep0", "readout_length")
)
_NOT_UNITARY = ["delay", "measure", "reset"]
_FAMILIES = {5: "Falcon", 7: "Falcon", 16: "Falcon", 27: "Falcon", 65: "Hummingbird", 127: "Eagle"}


def api_version(call: Call) -> str:
    """Return the API version of a request; the newest by default.

    Raises:
        RequestError: 400 if the version is malformed or too old.
    """
    asked = call.request.headers.get("ibm-api-version", VERSIONS[-1])
    if not _DATE.fullmatch(asked) or asked < VERSIONS[0]:
        raise invalid(f"Unknown API version {asked!r}; use one of {', '.join(VERSIONS)}.")
    return asked


@BACKENDS("GET", "/versions", is_public=True)
async def versions(call: Call) -> dict[str, Any]:
    """List API versions."""
    return {"versions": VERSIONS}


@BACKENDS("GET", "/backends")
async def listed(call: Call, query: models.BackendQuery) -> dict[str, Any]:
    """List devices as objects, or as names in old API versions."""
    names = call.runtime.devices_for(call.caller)
    if api_version(call) < _OBJECTS_SINCE:
        return {"devices": names}
    return {"devices": [_device(call, name, query.fields or "") for name in names]}


@BACKENDS("GET", "/backends/{name}/configuration", errors=(404,))
async def configuration(call: Call, query: models.DocumentQuery) -> dict[str, Any]:
    """Describe a device."""
    return configuration_of(_name(call))


@BACKENDS("GET", "/backends/{name}/properties", errors=(404,))
async def properties(call: Call, query: models.DocumentQuery) -> dict[str, Any]:
    """Return a device's calibration."""
    return properties_of(_name(call))


@BACKENDS("GET", "/backends/{name}/status", errors=(404,))
async def status(call: Call) -> BackendStatus:
    """Return the status of a device and the length of its queue."""
    name = _name(call)
    version = configuration_of(name)["backend_version"]
    return BackendStatus(call.runtime.scheduler.length(name), version, message="")


def _device(call: Call, name: str, fields: str) -> dict[str, Any]:
    its = {
        "name": name,
        "status": {"name": "online"},
        "is_simulator": False,
        "qubits": call.runtime.qubits(name),
        "clops": {"type": "hardware", "value": 200_000},
        "processor_type": processor(name),
        "queue_length": call.runtime.scheduler.length(name),
    }
    if "wait_time_seconds" in fields.split(","):
        its["wait_time_seconds"] = {"average": 1.0, "p50": 1.0, "p95": 2.0}
    return its


@BACKENDS("GET", "/backends/{name}/defaults", errors=(404,))
async def defaults(call: Call) -> Any:
    """Return null, because devices no longer have pulse defaults."""
    _name(call)
    return JSONResponse(None)


def _name(call: Call) -> str:
    return one_of(call.runtime.devices_for(call.caller), call.path("name"))


@lru_cache(maxsize=256)
def configuration_of(name: str) -> dict[str, Any]:
    """Return the configuration of a device; treat it as immutable."""
    old = catalog.configuration(name)
    kept = {key: value for key, value in old.items() if key not in _REMOVED_FIELDS}
    basis = [gate for gate in old["basis_gates"] if gate not in _NOT_UNITARY]
    return {
        **kept,
        "basis_gates": basis,
        "gates": [gate for gate in old["gates"] if gate["name"] in basis],
        "open_pulse": False,
        "conditional": False,
        "supported_instructions": [*basis, *_NOT_UNITARY, "if_else"],
        "supported_features": ["qobj", "qasm3", "dynamic_circuits", "parameters"],
        "dynamic_reprate_enabled": True,
        "default_rep_delay": 250.0,
        "rep_delay_range": [0.0, 2000.0],
        "processor_type": processor(name),
        "clops_h": 200_000,
    }


@lru_cache(maxsize=64)
def properties_of(name: str) -> dict[str, Any]:
    """Return the calibration of a device; treat it as immutable."""
    old = herons.calibration(name) if name in herons.WIDTHS else catalog.properties(name)
    qubits = [
        [fact for fact in qubit if fact["name"] in _QUBIT_PROPERTIES] for qubit in old["qubits"]
    ]
    gates = [gate for gate in old["gates"] if gate["gate"] != "reset"]
    for number, facts in enumerate(qubits):
        by_name = {fact["name"]: fact for fact in facts}
        length = by_name.get("readout_length", {"date": old["last_update_date"], "value": 1000.0})
        error = by_name.get("readout_error", {"date": old["last_update_date"], "value": 0.0})
        parameters = [
            {**error, "name": "gate_error", "unit": ""},
            {**length, "name": "gate_length", "unit": "ns"},
        ]
        gates += [
            {"qubits": [number], "gate": gate, "name": f"{gate}{number}", "parameters": parameters}
            for gate in ("measure", "reset")
        ]
    return {
        "backend_name": name,
        "backend_version": old["backend_version"],
        "last_update_date": old["last_update_date"],
        "qubits": qubits,
        "gates": gates,
        "general": old.get("general", []),
        "general_qlists": old.get("general_qlists", []),
    }


def processor(name: str) -> dict[str, str]:
    """Return the processor family and revision of a device."""
    old = catalog.configuration(name)
    known = old.get("processor_type") or {}
    family = known.get("family") or _FAMILIES.get(old["n_qubits"], "Canary")
    return {"family": str(family), "revision": str(known.get("revision", "1"))}
