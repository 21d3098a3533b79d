"""Reader of V2 requests with IBM's published schemas and Qiskit 2, in its own Python.

Each input line is the body of a request and its target; each output line
is an exact description of what it requests.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import zlib
from typing import Any

import numpy as np
from branches import Branches
from ibm_quantum_schemas.estimator.version_0_1 import ParamsModel as EstimatorParams
from ibm_quantum_schemas.executor.version_2_0 import ParamsModel as ExecutorParams
from ibm_quantum_schemas.sampler.version_0_1 import ParamsModel as SamplerParams
from qiskit import qasm3, qpy

MODELS = {"sampler": SamplerParams, "estimator": EstimatorParams, "executor": ExecutorParams}


def circuits_in(compress: str) -> list[Any]:
    return qpy.load(io.BytesIO(zlib.decompress(base64.b64decode(compress))))


def circuit_of(value: Any) -> Any:
    if isinstance(value, str):
        return qasm3.loads(value)
    (circuit,) = circuits_in(value["__value__"])
    return circuit


def array_of(value: dict[str, str]) -> Any:
    return np.load(io.BytesIO(zlib.decompress(base64.b64decode(value["__value__"]))))


def rows_of(circuit: Any, values: Any) -> list[Any]:
    rows = (
        values.reshape(int(np.prod(values.shape[:-1])), values.shape[-1])
        if values.ndim > 1
        else [values]
    )
    return [circuit.assign_parameters(list(row)) if len(row) else circuit for row in rows]


def check_instructions(circuit: Any, target: dict[str, Any], placed: bool = True) -> None:
    for item in circuit.data:
        name = item.operation.name
        if name == "if_else":
            qubits = {}
            for block in item.operation.blocks:
                qubits = dict(zip(block.qubits, item.qubits))
                for inner in block.data:
                    check(
                        inner.operation.name,
                        [circuit.find_bit(qubits[q]).index for q in inner.qubits]
                        if placed and inner.operation.name != "if_else"
                        else None,
                        target,
                    )
            continue
        check(name, [circuit.find_bit(q).index for q in item.qubits], target)


def check(name: str, places: list[int] | None, target: dict[str, Any]) -> None:
    if name in ("barrier", "delay", "measure", "reset", "if_else"):
        return
    assert name in target["gates"], f"{name} is not in the target"
    if places is not None and len(places) == 2:
        assert places in target["edges"], f"{name} on {places} is not in the target"


def sampled(circuit: Any, values: Any) -> list[Any]:
    names = [[r.name, r.size] for r in circuit.cregs]
    return [
        {"registers": names, "chances": Branches(c).distribution()}
        for c in rows_of(circuit, values)
    ]


def estimated(circuit: Any, observables: Any, values: Any) -> list[float]:
    assert isinstance(observables, list), observables
    rows = rows_of(circuit, values)
    rows = rows * len(observables) if len(rows) == 1 else rows
    assert len(rows) == len(observables)
    found = []
    for row, terms in zip(rows, observables):
        branches = Branches(row)
        places = {circuit.find_bit(bit).index: n for bit, n in branches.qubits.items()}
        total = 0.0
        for label, coefficient in terms.items():
            assert len(label) == circuit.num_qubits, "labels of another width than the circuit"
            letters = {n: letter for n, letter in enumerate(label[::-1]) if letter != "I"}
            if any(letter != "Z" for n, letter in letters.items() if n not in places):
                continue
            its = {places[n]: letter for n, letter in letters.items() if n in places}
            total += coefficient * branches.expectation(its)
        found.append(total)
    return found


def tensor_of(value: dict[str, Any]) -> Any:
    data = zlib.decompress(base64.b64decode(value["data"]))
    return np.frombuffer(data, "<f8").reshape(value["shape"])


def executed(params: dict[str, Any], target: dict[str, Any]) -> list[Any]:
    program = params["quantum_program"]
    given = program["circuits"]
    circuits = (
        circuits_in(given["b64_data"])
        if "b64_data" in given
        else [qasm3.loads(text) for text in given["data"]]
    )
    found = []
    for circuit, item in zip(circuits, program["items"]):
        check_instructions(circuit, target)
        assert len({register.name for register in circuit.cregs}) == len(circuit.cregs)
        found.append(sampled(circuit, tensor_of(item["circuit_arguments"])))
    return found


def answer(asked: dict[str, Any]) -> Any:
    body, target = asked["body"], asked["target"]
    program, params = body["program_id"], body["params"]
    MODELS[program].model_validate(params)
    if program == "executor":
        return executed(params, target)
    found = []
    for pub in params["pubs"]:
        circuit = circuit_of(pub[0])
        assert circuit.num_qubits <= target["qubits"]
        check_instructions(circuit, target)
        if program == "sampler":
            assert len(pub) == 3
            found.append(sampled(circuit, array_of(pub[1])))
        else:
            assert len(pub) == 4
            found.append(estimated(circuit, pub[1], array_of(pub[2])))
    return found


for line in sys.stdin:
    try:
        said: Any = {"found": answer(json.loads(line))}
    except BaseException as error:  # panics of Qiskit do not derive from Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        said = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(said), flush=True)
