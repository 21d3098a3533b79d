"""Construction of targets from a backend's configuration and calibration."""

from __future__ import annotations

from inspect import signature
from typing import Any

from qiskit.circuit import Delay, Gate, IfElseOp, Measure, Parameter, WhileLoopOp, controlflow
from qiskit.circuit import ForLoopOp as ForLoop
from qiskit.circuit.library import CXGate, CZGate, ECRGate, IGate, Reset, RZGate, SXGate, XGate
from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
from qiskit.transpiler.target import InstructionProperties, Target
from qiskit.utils import apply_prefix

from qiskit_ibm_runtime._backends.faulty_parts import FaultyParts
from qiskit_ibm_runtime._backends.pulses import LazyPulseTarget, PulseAwareProperties, Pulses
from qiskit_ibm_runtime.ibm_qubit_properties import IBMQubitProperties

Places = dict[tuple[int, ...], Any]

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
# Slow to create, so all targets share them.
_STANDARD: dict[str, Any] = get_standard_gate_name_mapping()
_CONTROL_FLOW = {
    "if_else": IfElseOp,
    "for_loop": ForLoop,
    "while_loop": WhileLoopOp,
    "switch_case": getattr(controlflow, "SwitchCaseOp", None),  # from terra 0.24 on
}


def convert_to_target(configuration: Any, properties: Any = None, defaults: Any = None) -> Target:
    """Build the transpiler's target for a device, without faulty qubits and gates.

    Args:
        configuration: ``QasmBackendConfiguration`` or ``PulseBackendConfiguration``.
        properties: ``BackendProperties``; without them, instructions have no error or duration.
        defaults: ``PulseDefaults``; schedules are parsed on first access.
    """
    pulses = (lambda: pulse_entries(defaults)) if defaults is not None else None
    return build_target(configuration, properties, pulses)


def build_target(configuration: Any, properties: Any, pulses: Pulses | None) -> Target:
    """Build a target whose pulses are loaded on first access."""
    target = LazyPulseTarget(
        num_qubits=configuration.n_qubits,
        qubit_properties=qubit_props_list_from_props(properties) if properties else None,
        dt=getattr(configuration, "dt", None),
        **_timing(configuration),
    )
    faulty = FaultyParts.of(properties) if properties else None
    places: dict[str, Places | None] = {**_calibrated(properties)} if properties else {}
    for gate in configuration.gates:
        places.setdefault(gate.name, _configured(gate))
    qubits = range(configuration.n_qubits)
    # Terra 0.23 cannot lay out circuits if only some instructions are global.
    placed = bool(properties) or any(places.values())
    everywhere: Places | None = {(qubit,): (None, None) for qubit in qubits} if placed else None
    measured = everywhere
    if properties:
        measured = {(qubit,): _readout(properties, qubit) for qubit in qubits}
    else:
        places = {**_unlisted(configuration, everywhere), **places}
    places.update(measure=measured, delay=everywhere)
    for name, found in places.items():
        usable = _usable(name, found, faulty)
        if usable is None or usable:
            made = _with_pulses(name, usable, pulses)
            target.add_instruction(_operation(name, found, configuration), made, name=name)
    for name in getattr(configuration, "supported_instructions", None) or ():
        if _CONTROL_FLOW.get(name) is not None and name not in target.operation_names:
            target.add_instruction(_CONTROL_FLOW[name], name=name)
    return target


def _timing(configuration: Any) -> dict[str, int]:
    given = getattr(configuration, "timing_constraints", None) or {}
    names = ("granularity", "min_length", "pulse_alignment")
    constraints = {name: given[name] for name in names if given.get(name)}
    if given.get("acquire_alignment"):
        # terra 0.23 misspells the parameter name
        right = "acquire_alignment" in signature(Target).parameters
        constraints["acquire_alignment" if right else "aquire_alignment"] = given[
            "acquire_alignment"
        ]
    return constraints


def _calibrated(properties: Any) -> dict[str, Places]:
    """Return (duration, error) of each gate and its qubits."""
    found: dict[str, Places] = {}
    for gate in properties.gates:
        duration = error = None
        for parameter in gate.parameters:
            if parameter.name == "gate_error":
                error = parameter.value
            elif parameter.name == "gate_length":
                duration = apply_prefix(parameter.value, parameter.unit)
        found.setdefault(gate.gate, {})[tuple(gate.qubits)] = (duration, error)
    return found


def _configured(gate: Any) -> Places | None:
    """Return the qargs of a gate without calibration; ``None`` if it is global."""
    pairs = getattr(gate, "coupling_map", None)
    return {tuple(pair): (None, None) for pair in pairs} if pairs else None


def _unlisted(configuration: Any, everywhere: Places | None) -> dict[str, Places | None]:
    """Return the qargs of supported instructions that are missing from ``gates``.

    Simulators describe only a few gates and name the others in ``basis_gates``; they support
    ``reset`` without naming it. With a coupling map, the qargs of unlisted multi-qubit gates are
    unknown, so these gates are omitted.
    """
    names = [*configuration.basis_gates, *(["reset"] if configuration.simulator else [])]
    return {
        name: everywhere
        for name in names
        if name in _STANDARD and (everywhere is None or _STANDARD[name].num_qubits == 1)
    }


def _readout(properties: Any, qubit: int) -> tuple[float | None, float | None]:
    if qubit >= len(properties.qubits):
        return None, None
    return _value(properties, qubit, "readout_length"), _value(properties, qubit, "readout_error")


def _usable(name: str, places: Places | None, faulty: FaultyParts | None) -> Places | None:
    """Remove faulty qubits and gates; a faulty edge is removed in both directions."""
    if places is None or faulty is None:
        return places
    return {
        place: facts
        for place, facts in places.items()
        if faulty.qubits.isdisjoint(place)
        and (name, place) not in faulty.gates
        and not (len(place) == 2 and frozenset(place) in faulty.edges)
    }


def _with_pulses(name: str, places: Places | None, pulses: Pulses | None) -> Places | None:
    if places is None:
        return None
    if pulses is None or name == "delay":
        return {
            place: None if facts == (None, None) else InstructionProperties(*facts)
            for place, facts in places.items()
        }
    return {
        place: PulseAwareProperties((name, place), pulses, *facts)
        for place, facts in places.items()
    }


def _operation(name: str, places: Places | None, configuration: Any) -> Any:
    if name == "measure":
        return Measure()
    if name == "delay":
        return Delay(Parameter("t"))
    if name in _GATES:
        return _GATES[name]
    given = next((gate for gate in configuration.gates if gate.name == name), None)
    if given is None and name in _STANDARD:
        return _STANDARD[name]
    parameters = [Parameter(parameter) for parameter in getattr(given, "parameters", None) or ()]
    width = len(next(iter(places))) if places else _width_of(given)
    return Gate(name, width, parameters)


def _width_of(gate: Any) -> int:
    """Return the number of qubits of a global gate, parsed from its QASM definition."""
    head = (getattr(gate, "qasm_def", None) or "").partition("{")[0]
    names = head.rpartition(")")[2] if ")" in head else head.replace("gate", "", 1).strip()
    bits = names.replace(gate.name, "", 1) if ")" not in head else names
    return max(1, len([bit for bit in bits.split(",") if bit.strip()]))


def pulse_entries(defaults: Any) -> dict[tuple[str, tuple[int, ...]], Any]:
    """Return the unparsed schedule of each gate and its qubits."""
    schedules = defaults.instruction_schedule_map
    entries = {}
    for name in schedules.instructions:
        for found in schedules.qubits_with_instruction(name):
            place = tuple(found) if isinstance(found, (tuple, list)) else (found,)
            entry = schedules._get_calibration_entry(name, place)
            entries[name, place] = entry
            if name == "measure":  # one schedule measures all of its qubits
                for qubit in place:
                    entries.setdefault((name, (qubit,)), entry)
    return entries


def qubit_props_list_from_props(properties: Any) -> list[IBMQubitProperties]:
    """Return the properties of each qubit; missing values are ``None``."""
    names = ("T1", "T2", "frequency", "anharmonicity")
    return [
        IBMQubitProperties(*(_value(properties, qubit, name) for name in names))
        for qubit in range(len(properties.qubits))
    ]


def _value(properties: Any, qubit: int, name: str) -> float | None:
    found = properties._qubits.get(qubit, {}).get(name)
    value: float | None = found[0] if found else None
    return value
