"""Write circuits in every QPY version of the installed Qiskit, with their expected results.

``python tests/platform/official/write_samples.py FILE [LABEL]`` with Qiskit 1.3 or newer adds to
the file the samples that ``tests/platform/test_qpy_samples.py`` reads on terra.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import qiskit
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qpy, transpile
from qiskit.circuit import Clbit, Parameter, ParameterVector
from qiskit.circuit.classical import expr
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Statevector
from qiskit.transpiler import CouplingMap

OLDEST = 13


def gates() -> QuantumCircuit:
    """Every standard gate once, on qubits in generic states."""
    circuit = QuantumCircuit(5, global_phase=0.3, name="gates")
    for qubit in range(5):
        circuit.ry(0.3 + 0.2 * qubit, qubit)
        circuit.rz(0.1 + 0.3 * qubit, qubit)
    number = 0
    for name, gate in sorted(get_standard_gate_name_mapping().items()):
        if name in ("measure", "reset", "delay", "global_phase", "rcccx"):
            continue
        number += 1
        angles = [0.1 * number + 0.05 * place for place in range(len(gate.params))]
        made = type(gate)(*angles)
        circuit.append(made, [(number + place) % 5 for place in range(made.num_qubits)])
    circuit.barrier(1, 3)
    circuit.id(2)
    circuit.delay(160, 1, "dt")
    return circuit


def parameters() -> tuple[QuantumCircuit, list[float]]:
    """Parameters, vector elements, and expressions of both."""
    z, x, theta = Parameter("z"), Parameter("x"), ParameterVector("theta", 12)
    circuit = QuantumCircuit(3, name="parameters")
    circuit.h([0, 1, 2])
    for number, element in enumerate(theta):
        circuit.rx(element, number % 3)
        circuit.rz(element * (number + 1) / 7 - x / 3, number % 3)
    circuit.rz(2 * x + 0.5, 0)
    circuit.rx((x + z) * (z - 1) / (2 + x * x), 1)
    circuit.rz(1 - x, 2)
    circuit.rx(2 / (z + 3), 0)
    circuit.rz(x**2 - 2 * x.sin() + z.cos() * z.exp(), 1)
    circuit.rx((x * z).arctan() + abs(-z), 2)
    circuit.rx(theta[3] * z, 0)
    circuit.rz(x, 0)
    circuit.cz(0, 1)
    circuit.rx(-x, 1)
    inner = Parameter("inner")
    part = QuantumCircuit(1)
    part.rz(3 * inner - 0.2, 0)
    circuit.compose(part.assign_parameters({inner: theta[7]}), [2], inplace=True)
    circuit.rx(1 + (2 * inner + x).subs({inner: z}) * 3, 0)
    circuit.rx((x - inner).subs({x: theta[1], inner: x}) - z, 1)
    values = np.random.default_rng(1).uniform(-1.5, 1.5, circuit.num_parameters)
    return circuit, values.tolist()


def dynamic() -> tuple[QuantumCircuit, dict[str, float]]:
    """Nested conditions on bits, registers and expressions."""
    q, a, b = QuantumRegister(3, "q"), ClassicalRegister(2, "a"), ClassicalRegister(2, "b")
    circuit = QuantumCircuit(q, a, b, [Clbit()], name="dynamic")
    circuit.x(0)
    circuit.measure(0, a[1])
    with circuit.if_test((a, 2)):
        circuit.x(1)
        with circuit.if_test((a[0], 0)) as otherwise:
            circuit.x(2)
        with otherwise:
            circuit.x(1)
    with circuit.if_test((a[0], 1)) as otherwise:
        circuit.x(0)
    with otherwise:
        circuit.measure(2, b[0])
    circuit.measure(2, b[1])
    circuit.measure(1, circuit.clbits[4])
    # a = 10, b = 11, and 1 for the bit outside registers; highest bit first.
    return circuit, {"11110": 1.0}


def expressions() -> tuple[QuantumCircuit, dict[str, float]]:
    """Conditions that are expressions of bits and registers."""
    circuit = QuantumCircuit(QuantumRegister(2, "q"), ClassicalRegister(3, "c"))
    circuit.name = "expressions"
    c = circuit.cregs[0]
    circuit.x(0)
    circuit.measure(0, c[0])
    with circuit.if_test(expr.logic_and(c[0], expr.not_equal(c, 3))):
        circuit.x(1)
    with circuit.if_test(expr.logic_or(c[1], expr.less(expr.bit_and(c, 6), 2))):
        circuit.reset(0)
    circuit.measure(0, c[1])
    with circuit.if_test(expr.logic_not(c[1])) as otherwise:
        circuit.measure(1, c[2])
    with otherwise:
        circuit.measure(1, c[1])
    return circuit, {"101": 1.0}


def routed() -> QuantumCircuit:
    """A circuit with a layout, on a line."""
    circuit = QuantumCircuit(3, name="routed")
    circuit.h(0)
    circuit.cx(0, 2)
    circuit.cx(1, 2)
    circuit.rz(0.4, 2)
    return transpile(
        circuit,
        basis_gates=["cz", "rz", "sx", "x"],
        coupling_map=CouplingMap.from_line(4),
        initial_layout=[3, 0, 1],
        seed_transpiler=2,
    )


def refused() -> dict[str, tuple[QuantumCircuit, str]]:
    """Circuits that devices cannot run, and the name that the error must contain."""
    loop = QuantumCircuit(1, 1)
    with loop.for_loop(range(2)):
        loop.x(0)
    switch = QuantumCircuit(1, 1)
    with switch.switch(switch.clbits[0]) as case, case(0):
        switch.x(0)
    custom = QuantumCircuit(1)
    custom.append(QuantumCircuit(1, name="mine").to_gate(), [0])
    unitary = QuantumCircuit(1)
    unitary.unitary(np.eye(2), [0])
    variable = QuantumCircuit(1, 1)
    variable.add_var("v", expr.lift(False))
    return {
        "for loop": (loop, "for loops"),
        "switch": (switch, "switch"),
        "custom": (custom, "mine"),
        "unitary": (unitary, "unitary"),
        "variable": (variable, "variables"),
    }


def packed(circuits: Any, version: int) -> str:
    file = io.BytesIO()
    qpy.dump(circuits, file, version=version)
    return base64.b64encode(zlib.compress(file.getvalue(), 9)).decode()


def amplitudes(circuit: QuantumCircuit) -> list[list[float]]:
    vector = Statevector(circuit).data
    return [[round(one.real, 12), round(one.imag, 12)] for one in vector]


def samples(version: int) -> list[dict[str, Any]]:
    plain, (formulas, values) = gates(), parameters()
    found: list[dict[str, Any]] = [
        {"name": one.name, "qpy": packed(one, version), "state": amplitudes(one)}
        for one in (plain, routed())
    ]
    found.append(
        {
            "name": "several",
            "qpy": packed([routed(), QuantumCircuit(2), routed()], version),
            "several": [4, 2, 4],
        }
    )
    bound = formulas.assign_parameters(values)
    found.append(
        {
            "name": formulas.name,
            "qpy": packed(formulas, version),
            "parameters": [one.name for one in formulas.parameters],
            "values": values,
            "state": amplitudes(bound),
        }
    )
    for flow, exact in (dynamic(), expressions()):
        found.append({"name": flow.name, "qpy": packed(flow, version), "counts": exact})
    for name, (circuit, word) in refused().items():
        found.append({"name": name, "qpy": packed(circuit, version), "refused": word})
    return [{"qiskit": qiskit.__version__, "version": version, **one} for one in found]


def main() -> None:
    warnings.simplefilter("ignore")
    path = Path(sys.argv[1])
    there = json.loads(path.read_text()) if path.exists() else []
    kept = [one for one in there if one["qiskit"] != qiskit.__version__]
    newest = qpy.common.QPY_VERSION
    for version in range(OLDEST, newest + 1):
        kept += samples(version)
    path.write_text("[\n" + ",\n".join(json.dumps(one) for one in kept) + "\n]\n")


if __name__ == "__main__":
    main()
