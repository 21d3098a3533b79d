"""Convert configurations and properties of 2023 to the documents of today's platform."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from qiskit_ibm_runtime.local.devices import catalog, herons

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


@lru_cache(maxsize=256)
def configuration(name: str) -> dict[str, Any]:
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
def properties(name: str) -> dict[str, Any]:
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
