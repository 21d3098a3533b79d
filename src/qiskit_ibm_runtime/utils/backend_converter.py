"""Targets made of configuration and calibration."""

from __future__ import annotations

from typing import Any

from qiskit.circuit import Delay, Gate, Measure, Parameter
from qiskit.circuit.library import CXGate, CZGate, ECRGate, IGate, Reset, RZGate, SXGate, XGate
from qiskit.transpiler.target import InstructionProperties, Target

from qiskit_ibm_runtime.ibm_qubit_properties import IBMQubitProperties

_GATES = {
    "id": IGate(),
    "sx": SXGate(),
    "x": XGate(),
    "cx": CXGate(),
    "rz": RZGate(Parameter("λ")),
    "reset": Reset(),
    "ecr": ECRGate(),
    "cz": CZGate(),
}


def convert_to_target(configuration: Any, properties: Any = None, defaults: Any = None) -> Target:
    """Return what the transpiler needs to know about a device; pulses are not part of it."""
    del defaults
    qubits = qubit_props_list_from_props(properties) if properties else None
    target = Target(
        num_qubits=configuration.n_qubits,
        qubit_properties=qubits,
        dt=getattr(configuration, "dt", None),
    )
    if properties:
        _from_properties(target, configuration, properties)
    else:
        for gate in configuration.gates:
            pairs = getattr(gate, "coupling_map", None)
            width = len(pairs[0]) if pairs else 1
            operation = _GATES.get(gate.name) or Gate(
                gate.name, width, [Parameter(p) for p in gate.parameters or []]
            )
            target.add_instruction(
                operation, {tuple(p): None for p in pairs} if pairs else None, name=gate.name
            )
    if "measure" not in target.operation_names:
        target.add_instruction(Measure(), {(q,): None for q in range(configuration.n_qubits)})
    if "delay" not in target.operation_names:
        target.add_instruction(
            Delay(Parameter("t")), {(q,): None for q in range(configuration.n_qubits)}
        )
    return target


def _from_properties(target: Target, configuration: Any, properties: Any) -> None:
    faulty = set(properties.faulty_qubits())
    broken = {(g.gate, tuple(g.qubits)) for g in properties.faulty_gates()}
    found: dict[str, dict[tuple[int, ...], Any]] = {}
    for gate in properties.gates:
        place = tuple(gate.qubits)
        if faulty & set(place) or (gate.gate, place) in broken:
            continue
        values = {v.name: v for v in gate.parameters}
        error = values["gate_error"].value if "gate_error" in values else None
        found.setdefault(gate.gate, {})[place] = InstructionProperties(
            error=error,
            duration=properties.gate_length(gate.gate, list(place))
            if "gate_length" in values
            else None,
        )
    for name, places in found.items():
        width = len(next(iter(places)))
        target.add_instruction(_GATES.get(name) or Gate(name, width, []), places, name=name)
    target.add_instruction(
        Measure(),
        {
            (q,): InstructionProperties(
                error=_or_none(properties.readout_error, q),
                duration=_or_none(properties.readout_length, q),
            )
            for q in range(configuration.n_qubits)
            if q not in faulty
        },
    )


def qubit_props_list_from_props(properties: Any) -> list[IBMQubitProperties]:
    """Return the properties of each qubit."""
    return [
        IBMQubitProperties(
            t1=_or_none(properties.t1, q),
            t2=_or_none(properties.t2, q),
            frequency=_or_none(properties.frequency, q),
            anharmonicity=_anharmonicity(properties, q),
        )
        for q in range(len(properties.qubits))
    ]


def _anharmonicity(properties: Any, qubit: int) -> float | None:
    try:
        return properties.qubit_property(qubit, "anharmonicity")[0]  # type: ignore[no-any-return]
    except Exception:  # noqa: BLE001
        return None


def _or_none(read: Any, qubit: int) -> float | None:
    try:
        return read(qubit)  # type: ignore[no-any-return]
    except Exception:  # noqa: BLE001
        return None
