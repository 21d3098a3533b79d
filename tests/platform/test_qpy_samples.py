"""QPY 13 to 18 files written by Qiskit 1.3 and 2.6 are read with the same meaning on terra.

The samples and their expected results were written by ``official/write_samples.py``.
"""

from __future__ import annotations

import base64
import json
import random
import struct
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit.quantum_info import Operator

from qiskit_ibm_runtime.local.pubs import circuits, qpy
from qiskit_ibm_runtime.local.pubs.errors import PubError
from qiskit_ibm_runtime.local.simulation.backend import LocalBackend

SAMPLES = json.loads(Path(__file__).with_name("qpy_samples.json").read_text())


def data(sample: dict[str, Any]) -> bytes:
    return zlib.decompress(base64.b64decode(sample["qpy"]))


def samples_with(member: str) -> Any:
    chosen = [one for one in SAMPLES if member in one]
    names = [f"{one['name']}-{one['version']}-qiskit{one['qiskit']}" for one in chosen]
    return pytest.mark.parametrize("sample", chosen, ids=names)


@samples_with("state")
def test_states_match_qiskit(sample: dict[str, Any]) -> None:
    (program,) = qpy.read(data(sample))
    read = circuits.from_program(program)
    assert list(read.names) == sample.get("parameters", [])
    (angles,) = read.angles(np.array([sample.get("values", [])]))
    circuit = read.circuit.assign_parameters(angles) if angles else read.circuit

    unitary = Operator(circuit.remove_final_measurements(inplace=False)).data

    exact = np.array([complex(*one) for one in sample["state"]])
    assert np.abs(unitary[:, 0] - exact).max() < 1e-9


@samples_with("counts")
def test_conditional_branches_match_qiskit(sample: dict[str, Any]) -> None:
    (program,) = qpy.read(data(sample))
    if sample["name"] == "expressions" and find_spec("qiskit.circuit.classical") is None:
        with pytest.raises(PubError, match="require Qiskit Terra"):
            circuits.from_program(program)
        return
    circuit = circuits.from_program(program).circuit
    backend = LocalBackend.of("ibmq_qasm_simulator")

    counts = backend.run(circuit, shots=100, seed_simulator=1).result().data(0)["counts"]

    width = circuit.num_clbits
    assert {f"{int(key, 16):0{width}b}" for key in counts} == set(sample["counts"])


@samples_with("several")
def test_reads_files_with_several_circuits(sample: dict[str, Any]) -> None:
    programs = qpy.read(data(sample))
    assert [program.circuit.qubits for program in programs] == sample["several"]
    assert programs[0].circuit.instructions == programs[2].circuit.instructions


@samples_with("refused")
def test_unsupported_instructions_are_rejected_by_name(sample: dict[str, Any]) -> None:
    with pytest.raises(PubError) as refused:
        qpy.read(data(sample))
    assert sample["refused"] in refused.value.message
    assert refused.value.code in (1517, 1522)


@pytest.mark.parametrize("version", [12, 19])
def test_rejects_other_qpy_versions(version: int) -> None:
    whole = bytearray(data(SAMPLES[0]))
    whole[6] = version
    with pytest.raises(PubError, match=f"QPY version {version} is not supported"):
        qpy.read(bytes(whole))


def test_malformed_files_raise_pub_errors() -> None:
    """Truncated, changed and repeated bytes either raise PubError or give a circuit."""
    rng = random.Random(5)
    wholes = [data(one) for one in SAMPLES]
    for _ in range(3000):
        damaged = bytearray(rng.choice(wholes))
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(damaged))
            action = rng.randrange(4)
            if action == 0:
                del damaged[place:]
                damaged += b"\0"
            elif action == 1:
                damaged[place] = rng.randrange(256)
            elif action == 2 and place + 8 < len(damaged):
                struct.pack_into("!Q", damaged, place, rng.choice([2**63, 2**40, 2**32 - 1]))
            else:
                damaged[place:place] = damaged[place : place + rng.randint(1, 40)]
        try:
            for program in qpy.read(bytes(damaged)):
                circuits.from_program(program)
        except PubError:
            pass
