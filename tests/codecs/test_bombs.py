"""Small payloads that claim large sizes are handled quickly and in little memory."""

from __future__ import annotations

import base64
import io
import json
import struct
import tracemalloc
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import ControlledGate, Gate, ParameterVector, Qubit
from qiskit.circuit.library import MCXGate, XGate
from qiskit.qpy import formats
from tests.codecs.payloads import decode, packed, tagged

from qiskit_ibm_runtime import qpy as guarded_qpy
from qiskit_ibm_runtime._codecs import limits
from qiskit_ibm_runtime.utils.json import DecodeError, RuntimeDecoder, RuntimeEncoder

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = qpy.common.QPY_VERSION
START = 19 if VERSION >= 10 else 18  # of the circuit, without its type
INFO = "qiskit.quantum_info"


def written(circuit: QuantumCircuit) -> bytes:
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    return buffer.getvalue()


def as_payload(data: bytes) -> dict[str, Any]:
    return tagged("QuantumCircuit", packed(data))


def claiming(data: bytes, **fields: int) -> bytes:
    """Change fields of the header of the outer circuit."""
    start, size = START + 1, formats.CIRCUIT_HEADER_V2_SIZE
    layout = formats.CIRCUIT_HEADER_V2_PACK
    header = formats.CIRCUIT_HEADER_V2._make(struct.unpack(layout, data[start : start + size]))
    new = struct.pack(layout, *header._replace(**fields))
    return data[:start] + new + data[start + size :]


def one_gate() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.cx(0, 1)
    return circuit


@pytest.mark.parametrize("field", ["num_qubits", "num_clbits"])
@pytest.mark.parametrize("number", [2**19, 2**32 - 1])
def test_rejects_more_bits_than_the_payload_names(field: str, number: int) -> None:
    data = claiming(written(one_gate()), **{field: number})

    with pytest.raises(DecodeError, match="more bits"):
        decode(as_payload(data))
    with pytest.raises(DecodeError, match="more bits"):
        guarded_qpy.load(io.BytesIO(data))


@pytest.mark.parametrize("field", ["num_registers", "num_instructions", "metadata_size"])
def test_other_counts_are_limited_by_the_file(field: str) -> None:
    most = 2**63 if field != "num_registers" else 2**32 - 1

    with pytest.raises(DecodeError):
        decode(as_payload(claiming(written(one_gate()), **{field: most})))


def test_rejects_excess_bits_in_a_definition() -> None:
    inner = one_gate()
    inner.global_phase = 0.25
    circuit = QuantumCircuit(2)
    circuit.append(inner.to_instruction(), [0, 1])
    data = bytearray(written(circuit))
    place = data.index(struct.pack(">d", 0.25)) - len(inner.to_instruction().definition.name)
    at = place - formats.CIRCUIT_HEADER_V2_SIZE + struct.calcsize("!H1cH")
    assert bytes(data[at : at + 4]) == struct.pack("!I", 2)
    data[at : at + 4] = struct.pack("!I", 2**31)

    with pytest.raises(DecodeError, match="more bits"):
        decode(as_payload(bytes(data)))


def test_claims_add_up_across_one_payload(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "OBJECTS", 1000)
    wide = as_payload(claiming(written(QuantumCircuit()), num_qubits=200))

    with pytest.raises(DecodeError, match="more bits"):
        decode([wide] * 9)


def test_each_payload_has_its_own_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OBJECTS", 30)
    payload = json.loads(
        json.dumps(QuantumCircuit([Qubit() for _ in range(40)]), cls=RuntimeEncoder)
    )

    for _ in range(5):
        assert decode(payload).num_qubits == 40


def test_bits_in_registers_do_not_count_against_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OBJECTS", 0)
    circuit = QuantumCircuit(500, 500)

    assert circuit == decode(json.loads(json.dumps(circuit, cls=RuntimeEncoder)))


def test_limits_instructions_times_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STEPS", 1000)
    circuit = QuantumCircuit(100)
    for _ in range(11):
        circuit.x(0)

    with pytest.raises(DecodeError, match="steps"):
        decode(as_payload(written(circuit)))


@pytest.mark.parametrize("claimed", [2**20, 2**40, 2**63])
def test_limits_vector_length_claimed_by_an_element(claimed: int) -> None:
    vector = ParameterVector("theta", 1234)
    circuit = QuantumCircuit(1)
    circuit.rx(vector[7], 0)
    data = written(circuit).replace(struct.pack("!Q", 1234), struct.pack("!Q", claimed))

    with pytest.raises(DecodeError, match="more bits or parameters"):
        decode(as_payload(data))


def test_limits_vector_length_claimed_by_an_expression() -> None:
    payload = json.loads(json.dumps(ParameterVector("theta", 1234)[7] + 1, cls=RuntimeEncoder))
    data = base64.b64decode(payload["__value__"])
    claim = data.replace(struct.pack("!Q", 1234), struct.pack("!Q", 2**20))
    payload["__value__"] = base64.b64encode(claim).decode()

    with pytest.raises(DecodeError, match="more bits or parameters"):
        decode(payload)


def _with_controls(
    circuit: QuantumCircuit, layout: str, field: int, name: str, claim: int
) -> bytes:
    """Change the number of controls in the struct before a name."""
    data, size = written(circuit), struct.calcsize(layout)
    at = data.index(name.encode()) - size
    fields = list(struct.unpack(layout, data[at : at + size]))
    fields[field] = claim
    return data[:at] + struct.pack(layout, *fields) + data[at + size :]


def test_rejects_gate_with_more_controls_than_qubits() -> None:
    circuit = QuantumCircuit(6)
    circuit.append(MCXGate(5), range(6))
    layout = formats.CIRCUIT_INSTRUCTION_V2_PACK

    with pytest.raises(DecodeError, match="controls"):
        decode(as_payload(_with_controls(circuit, layout, 8, "MCXGate", 2**32 - 1)))


def test_rejects_defined_gate_with_more_controls_than_qubits() -> None:
    circuit = QuantumCircuit(2)
    circuit.append(
        ControlledGate("mine", 2, [], num_ctrl_qubits=1, base_gate=XGate(), definition=one_gate()),
        [0, 1],
    )
    layout = formats.CUSTOM_CIRCUIT_INST_DEF_V2_PACK

    with pytest.raises(DecodeError, match="controls"):
        decode(as_payload(_with_controls(circuit, layout, 6, "mine", 2**32 - 1)))


def test_rejects_number_of_controls_as_a_parameter() -> None:
    circuit = QuantumCircuit(6)
    circuit.append(Gate("?" * len("MCXVChain"), 6, [2**62]), range(6))
    data = b"MCXVChain".join(written(circuit).rsplit(b"?" * len("MCXVChain"), 1))

    with pytest.raises(DecodeError, match="MCXVChain"):
        decode(as_payload(data))


def test_nested_compressed_stream_is_not_inflated() -> None:
    twice = zlib.compress(zlib.compress(bytes(2**20)))

    with pytest.raises(DecodeError):
        decode(tagged("ndarray", base64.b64encode(twice).decode()))


def test_decompression_limit_applies_to_the_whole_payload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BYTES", 2**20)
    payload = json.loads(json.dumps(np.zeros(2**16), cls=RuntimeEncoder))

    assert decode(payload).sum() == 0
    with pytest.raises(DecodeError, match="decompresses to more than"):
        decode([payload] * 3)


def test_incompressible_data_costs_no_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BYTES", 2**20)
    numbers = np.random.default_rng(1).random(2**17)
    payload = json.loads(json.dumps(numbers, cls=RuntimeEncoder))

    assert all(np.array_equal(numbers, array) for array in decode([payload] * 5))


def test_decoding_an_array_allocates_only_text_and_values() -> None:
    numbers = np.random.default_rng(1).random(2**19)
    text = json.dumps(numbers, cls=RuntimeEncoder)
    tracemalloc.start()
    try:
        back = json.loads(text, cls=RuntimeDecoder)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert np.array_equal(numbers, back)
    assert peak < 1.25 * (len(text) + numbers.nbytes)


def _npy(descr: Any, shape: tuple[int, ...], data: bytes = b"") -> dict[str, Any]:
    header = io.BytesIO()
    facts = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, facts)
    return tagged("ndarray", packed(header.getvalue() + data))


@pytest.mark.parametrize(
    "payload",
    [
        _npy("<f8", (2**60,)),
        _npy("<f8", (2**32, 2**32)),
        _npy("<f8", (2**26,)),
        _npy("<f8", (-1,)),
        _npy("<f8", (-2, -2)),
        _npy("<f8", (3,), bytes(23)),
        _npy("<f8", (3,), bytes(25)),
        _npy("|S0", (2**40,)),
        _npy("<U1000000000", (3,)),
        _npy([("a", "<f8", (10**9,))], (2,)),
        _npy("|O", (1,), bytes(8)),
        _npy([("a", "<f8"), ("b", "|O")], (1,), bytes(16)),
        tagged("ndarray", packed(b"\x93NUMPY\x01\x00\xff\xff{'descr'")),
        tagged("ndarray", packed(b"\x93NUMPY\x09\x00")),
        tagged("ndarray", ["a" * 10**5] + [""] * 10**5),
        tagged("ndarray", [], __dtype__="object", __shape__=[2**62, 2**62]),
        tagged("ndarray", [1], __dtype__="object", __shape__=[-1, -1]),
    ],
)
def test_array_matches_its_claims_or_raises_one_error(payload: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        decode(payload)


def _npz(**members: Any) -> dict[str, Any]:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **members)
    return tagged("spmatrix", base64.b64encode(buffer.getvalue()).decode())


def _giant_member() -> dict[str, Any]:
    buffer, header = io.BytesIO(), io.BytesIO()
    facts = {"descr": "<f8", "fortran_order": False, "shape": (2**50,)}
    np.lib.format.write_array_header_1_0(header, facts)
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("data", "row", "col", "shape", "format"):
            archive.writestr(f"{name}.npy", header.getvalue())
    return tagged("spmatrix", base64.b64encode(buffer.getvalue()).decode())


_FEW: dict[str, Any] = {"data": [1.0], "indices": [0], "indptr": [0, 1]}


@pytest.mark.parametrize(
    "make",
    [
        lambda: _npz(format=b"csr", shape=(2**40, 2**40), **_FEW),
        lambda: _npz(format=b"csc", shape=(2**40, 2**40), **_FEW),
        lambda: _npz(format=b"coo", shape=(-1, 2), data=[1.0], row=[0], col=[0]),
        lambda: _npz(format=b"coo", shape=(2, 2), data=[1.0], row=[2**40], col=[0]),
        lambda: _npz(format=b"csr", shape=(1, 1), **{**_FEW, "data": np.array([{}])}),
        lambda: _npz(format=b"nothing", shape=(1, 1), **_FEW),
        _giant_member,
    ],
)
def test_sparse_matrix_matches_its_claims_or_raises_one_error(
    make: Callable[[], dict[str, Any]],
) -> None:
    pytest.importorskip("scipy", reason="needs SciPy")

    with pytest.raises(DecodeError):
        decode(make())


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10**6,
        '{"a":' * 10**5,
        '{"__type__":"set","__value__":[' * 10**5,
        "[" + "1" * 10**5 + "]",
        '{"__type__":"complex","__value__":[' + "9" * 4000 + ",1]}",
        '{"__type__":"datetime","__value__":"' + "1" * 10**6 + '"}',
        '{"__type__":"ndarray","__value__":' + "[" * 800 + "]" * 800 + "}",
        json.dumps(tagged("set", [number * (2**61 - 1) for number in range(10**5)])),
        json.dumps(tagged("set", [tagged("complex", [-1000003 * n, n]) for n in range(10**4)])),
    ],
    ids=lambda text: f"{text[:40]}({len(text)})",
)
def test_rejects_slow_to_parse_numbers_immediately(text: str) -> None:
    with pytest.raises(DecodeError):
        json.loads(text, cls=RuntimeDecoder)


def test_integer_keys_are_integers_or_one_error() -> None:
    arguments = {"primitive": {"NaN": 1.0, "__int_keys__": ["NaN"]}}
    module = "qiskit.opflow.state_fns.dict_state_fn"

    with pytest.raises(DecodeError):
        decode(tagged("settings", arguments, __module__=module, __class__="DictStateFn"))


def _of_qiskit(module: str, name: str, **arguments: Any) -> dict[str, Any]:
    value = json.loads(json.dumps(arguments, cls=RuntimeEncoder))
    return tagged("settings", value, __module__=module, __class__=name)


def _wide() -> dict[str, Any]:
    return as_payload(written(QuantumCircuit(20)))


@pytest.mark.parametrize(
    "payload",
    [
        _of_qiskit(f"{INFO}.operators.operator", "Operator", data=_wide()),
        _of_qiskit(f"{INFO}.operators.channel.choi", "Choi", data=_wide()),
        _of_qiskit(f"{INFO}.operators.channel.kraus", "Kraus", data=[_wide()]),
        _of_qiskit(f"{INFO}.states.statevector", "Statevector", data=_wide()),
        _of_qiskit(f"{INFO}.states.stabilizerstate", "StabilizerState", data=_wide()),
        _of_qiskit(f"{INFO}.states.densitymatrix", "DensityMatrix", data=np.zeros(2**16)),
        _of_qiskit(
            f"{INFO}.operators.operator",
            "Operator",
            data=_of_qiskit(f"{INFO}.operators.symplectic.pauli", "Pauli", data="X" * 20),
        ),
    ],
)
def test_does_not_compute_a_matrix_from_a_small_payload(payload: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match="Malformed"):
        decode(payload)


def test_limits_filled_sparse_matrices() -> None:
    sparse = pytest.importorskip("scipy.sparse", reason="needs SciPy")
    module = "qiskit.opflow.primitive_ops.matrix_op"

    with pytest.raises(DecodeError, match="decompresses to more than"):
        decode(_of_qiskit(module, "MatrixOp", primitive=sparse.coo_matrix((2**30, 2**30))))


def test_optimizer_cannot_write_a_file(tmp_path: Any) -> None:
    module = "qiskit.algorithms.optimizers.adam_amsgrad"

    with pytest.raises(DecodeError, match="snapshot_dir"):
        decode(_of_qiskit(module, "ADAM", snapshot_dir=str(tmp_path)))
    assert not list(tmp_path.iterdir())
