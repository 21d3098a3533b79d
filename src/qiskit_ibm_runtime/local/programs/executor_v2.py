"""The ``executor`` program: every shot of circuits for each set of arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qiskit_ibm_runtime.local.pubs import circuits, params, qpy, tensors
from qiskit_ibm_runtime.local.pubs.errors import (
    ENCODING,
    INVALID_CIRCUIT,
    OPTION,
    SHAPES,
    PubError,
)

from .sampler_v2 import check_sampled, checked_shots, now, ready, sampled, send

Array = np.ndarray[Any, Any]
SCHEMA = "v2.0"
MOST_ELEMENTS = 2**20


def main(backend: Any, user_messenger: Any, **inputs: Any) -> None:
    """Run the circuit of each item, once for each element of its shape."""
    program = params.checked("executor", inputs).quantum_program
    if program.meas_level != "classified":
        text = "Only meas_level 'classified' is supported."
        raise PubError(OPTION, text)
    shots = checked_shots(program.shots)
    found = _circuits(program.circuits)
    if len(found) != len(program.items):
        counts = f"{len(found)} circuits and {len(program.items)} items"
        raise PubError(INVALID_CIRCUIT, f"Each item needs one circuit, but there are {counts}.")
    for circuit in found:
        check_sampled(circuit.circuit, backend)
    values = [_values(circuit, item) for circuit, item in zip(found, program.items)]
    machine, data, spans = ready(backend, None), [], []
    for number, (circuit, arguments) in enumerate(zip(found, values)):
        start = now()
        registers = sampled(machine, circuit, arguments, shots)
        its = {name: tensors.to_json(bits) for name, bits in registers.items()}
        data.append({"results": its, "metadata": {}})
        spans.append(_span(number, arguments.shape[:-1], start))
    result = {
        "schema_version": SCHEMA,
        "data": data,
        "metadata": {"chunk_timing": spans},
        "passthrough_data": program.passthrough_data,
        "semantic_role": program.semantic_role,
    }
    send(user_messenger, result)


def _circuits(given: Any) -> list[circuits.PubCircuit]:
    if isinstance(given, params.QasmCircuits):
        return [circuits.from_qasm(text) for text in given.data]
    data = circuits.unpacked(given.b64_data)
    programs = qpy.read(data)
    if (given.qpy_version, given.num_programs) != (data[6], len(programs)):
        raise PubError(ENCODING, "qpy_version or num_programs does not match the QPY data.")
    return [circuits.from_program(program) for program in programs]


def _values(circuit: circuits.PubCircuit, item: Any) -> Array:
    """Return the arguments of an item, broadcast to its shape."""
    array = tensors.from_json(item.circuit_arguments.data, item.circuit_arguments.shape)
    width = len(circuit.names)
    if not array.ndim or array.shape[-1] != width:
        text = f"A circuit has {width} parameters, but arguments of shape {array.shape}."
        raise PubError(SHAPES, text)
    try:
        shape = np.broadcast_shapes(tuple(item.shape), array.shape[:-1])
    except ValueError as error:
        raise PubError(SHAPES, "Shape and arguments of an item do not broadcast.") from error
    if math.prod(shape) > MOST_ELEMENTS:
        raise PubError(SHAPES, f"An item is limited to {MOST_ELEMENTS} elements.")
    return np.broadcast_to(array, (*shape, width))


def _span(number: int, shape: tuple[int, ...], start: str) -> dict[str, Any]:
    size = math.prod(shape)
    part = {
        "idx_item": number,
        "size": size,
        "permutation": list(range(len(shape))),
        "element_range": [0, size, 1],
    }
    return {"start": start, "stop": now(), "parts": [part]}
