"""Ideal simulators, with the names of the service's simulators."""

from __future__ import annotations

import math
from typing import Any

METHODS = {
    "ibmq_qasm_simulator": "automatic",
    "simulator_statevector": "statevector",
    "simulator_stabilizer": "stabilizer",
    "simulator_mps": "matrix_product_state",
    "simulator_extended_stabilizer": "extended_stabilizer",
}
"""Aer's simulation method for each simulator."""

WIDTHS = {
    "ibmq_qasm_simulator": 32,
    "simulator_statevector": 32,
    "simulator_stabilizer": 5000,
    "simulator_mps": 100,
    "simulator_extended_stabilizer": 63,
}
"""Number of qubits of each simulator on the service.

``simulator_statevector`` has fewer here if memory is short. ``ibmq_qasm_simulator`` keeps its 32,
because it can use other methods than a state vector.
"""

AMPLITUDE = 16
"""Size of a complex amplitude in double precision, in bytes."""

SHARE = 0.9
"""Fraction of the memory that the state of a circuit may occupy."""

# Gates that every supported Aer release has: 0.12 has no ccz, and some methods support fewer gates.
CLIFFORD_GATES = [
    "cx",
    "cy",
    "cz",
    "h",
    "id",
    "pauli",
    "s",
    "sdg",
    "swap",
    "sx",
    "sxdg",
    "x",
    "y",
    "z",
]
_FEW = ["cp", "p", "rz", "rzz", "t", "tdg", "u", "u1", "u2", "u3"]
_GATES = {
    "stabilizer": CLIFFORD_GATES,
    "extended_stabilizer": [*(set(CLIFFORD_GATES) - {"cy"}), "ccx", "p", "t", "tdg", "u1"],
    "matrix_product_state": [
        *CLIFFORD_GATES,
        *_FEW,
        *["ccx", "csx", "cswap", "r", "rx", "rxx", "ry", "ryy", "rzx", "unitary"],
    ],
}
_EVERY = [
    *CLIFFORD_GATES,
    *_FEW,
    *["ccx", "csx", "cswap", "cu", "cu1", "cu3", "diagonal", "ecr", "initialize", "mcp", "mcphase"],
    *["mcr", "mcrx", "mcry", "mcrz", "mcswap", "mcu", "mcx", "r", "rx", "rxx", "ry", "ryy", "rzx"],
    "unitary",
]


def max_statevector_qubits(memory: int) -> int:
    """Return the number of qubits whose state vector fits into ``memory`` bytes."""
    return int(math.log2(max(1, SHARE * memory) / AMPLITUDE))


def simulator_configuration(name: str, memory: int) -> dict[str, Any]:
    """Return the configuration of a simulator on a machine with ``memory`` bytes."""
    method, width = METHODS[name], WIDTHS[name]
    if method == "statevector":
        width = min(width, max_statevector_qubits(memory))
    return {
        "backend_name": name,
        "backend_version": "0.1.0",
        "n_qubits": width,
        "basis_gates": sorted(_GATES.get(method, _EVERY)),
        "gates": [
            {
                "name": "cx",
                "parameters": [],
                "qasm_def": "gate cx q0,q1 { CX q0,q1; }",
            }
        ],
        "local": False,
        "simulator": True,
        "conditional": True,
        "open_pulse": False,
        "multi_meas_enabled": True,
        "memory": True,
        "max_shots": 1_000_000,
        "max_experiments": 300,
        "coupling_map": None,
        "supported_instructions": ["if_else", "for_loop", "while_loop", "switch_case"],
        "online_date": "2019-05-02T08:15:00+00:00",
        "simulation_method": method,
        "description": f"Qiskit Aer, method {method}",
    }
