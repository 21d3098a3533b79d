"""Decoding only builds values; a damaged payload is one clear error."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import pickle
import struct
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter
from tests.codecs.payloads import decode, packed, tagged
from tests.codecs.sample_circuits import SAMPLES

from qiskit_ibm_runtime._codecs import limits, packing
from qiskit_ibm_runtime._codecs.decoding import DECODERS
from qiskit_ibm_runtime._codecs.expressions import check_expression
from qiskit_ibm_runtime.utils.json import DecodeError, RuntimeDecoder, RuntimeEncoder
from qiskit_ibm_runtime.utils.sampler_result_decoder import SamplerResultDecoder


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that exists only if a payload ran a command."""
    return tmp_path / "marker"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("subprocess", "Popen"),
        ("os", "system"),
        ("builtins", "eval"),
        ("qiskit.quantum_info.operators", "Operator"),
        ("qiskit.quantum_info.operators.symplectic.pauli", "re"),
        ("qiskit.quantum_info.operators.symplectic.pauli", "np.load"),
        ("qiskit.utils.multiprocessing", "local_hardware_info"),
        (["subprocess"], "Popen"),
        ("subprocess", ["Popen"]),
        (None, None),
    ],
)
def test_rejects_class_not_on_the_allow_list(mark: Path, module: object, name: object) -> None:
    """The sample of CVE-2024-29032 and variants of it."""
    payload = tagged(
        "settings",
        {"args": ["touch", str(mark)], "shell": False},
        __module__=module,
        __class__=name,
    )

    with pytest.raises(DecodeError, match="not allowed"):
        decode({"quasi_dists": [payload]})
    assert not mark.exists()


def test_decoding_imports_no_named_module() -> None:
    assert "antigravity" not in sys.modules

    with pytest.raises(DecodeError):
        decode(tagged("settings", {}, __module__="antigravity", __class__="x"))

    assert "antigravity" not in sys.modules


def _expression(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("!QQ", 0, len(raw)) + raw


EVIL = [
    "__import__('os').system('touch {mark}')",
    "Symbol('a').__class__.__base__.__subclasses__()",
    "open('{mark}', 'w')",
    "lambda: 0",
    "[Symbol('a') for a in (1,)]",
    "Symbol(Symbol('a'))",
    "Symbol('a', cls=open)",
    "Function('f')(Symbol('a'))",
    "Lambda(Symbol('a'), Symbol('a'))",
    "Add(*[1])",
    "Integer(10**10)",
    "Pow(Integer(9), Pow(Integer(9), Integer(99)))",
    "Pow(Integer(9), Integer(99999999999))",
    "Pow(Pow(Integer(9), Integer(1000)), Integer(1000))",
    "factorial(Integer(1000000))",
    "Float('1', precision=10000000)",
    "Float('a')",
    "Integer('1')",
    "Symbol('a')!",
    "",
    "(" * 300,
    "Add(" * 100 + "1" + ")" * 100,
]


@pytest.mark.parametrize("text", EVIL)
def test_decoding_does_not_evaluate_expression_strings(mark: Path, text: str) -> None:
    raw = _expression(text.format(mark=mark))

    with pytest.raises(DecodeError):
        decode(tagged("ParameterExpression", base64.b64encode(raw).decode()))
    assert not mark.exists()


@pytest.mark.parametrize("kind", ["instruction", "pulse"])
def test_decoding_does_not_evaluate_strings_in_circuits(mark: Path, kind: str) -> None:
    if kind == "instruction":
        circuit = QuantumCircuit(1)
        circuit.rx(Parameter("a") + 1, 0)
        raw = _qpy(circuit)
        good = b"Add(Symbol('a'), Integer(1))"
        evil = f"open('{mark}','w')".encode()
        raw = _replace_sized(raw, good, evil)
    else:
        raw = _qpy(SAMPLES["calibrated"]())
        assert raw[:6] == b"QISKIT"
        raw = _with_evil_envelope(raw, f"open('{mark}','w')")

    with pytest.raises(DecodeError):
        decode(tagged("QuantumCircuit", packed(raw)))
    assert not mark.exists()


def _qpy(circuit: QuantumCircuit) -> bytes:
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    return buffer.getvalue()


def _replace_sized(raw: bytes, good: bytes, evil: bytes) -> bytes:
    """Replace a string in a file, and fix the sizes before it and before the parameter."""
    grown = len(evil) - len(good)
    place = raw.index(good)
    size_at, outer_at = place - 8, place - 16 - 8
    (size,) = struct.unpack("!Q", raw[size_at:place])
    (outer,) = struct.unpack("!Q", raw[outer_at : outer_at + 8])
    assert size == len(good)
    return b"".join(
        (
            raw[:outer_at],
            struct.pack("!Q", outer + grown),
            raw[outer_at + 8 : size_at],
            struct.pack("!Q", size + grown),
            evil,
            raw[place + len(good) :],
        )
    )


def _with_evil_envelope(raw: bytes, evil: str) -> bytes:
    """Replace the first compressed expression of a pulse by another, padded to its length."""
    place = raw.index(b"\x78\x9c")
    inflater = zlib.decompressobj()
    inflater.decompress(raw[place:])
    size = len(raw) - place - len(inflater.unused_data)
    body = zlib.compress(evil.encode(), 9)
    assert len(body) <= size
    stored = body + b"\x00" * (size - len(body))
    return raw[:place] + stored + raw[place + size :]


@pytest.mark.parametrize("name", ["QuantumVolume", "Parameter", "QuantumRegister", "PhaseOracle"])
def test_rejects_circuit_that_names_a_non_instruction_class(name: str) -> None:
    circuit = QuantumCircuit(1)
    circuit.append(_named_like(name), [0])
    raw = _qpy(circuit)
    marker = ("X" * len(name)).encode()

    with pytest.raises(DecodeError, match=name):
        decode(tagged("QuantumCircuit", packed(_as_class(raw, marker, name.encode()))))


def _named_like(name: str) -> Any:
    from qiskit.circuit import Gate

    return Gate("X" * len(name), 1, [])


def _as_class(raw: bytes, marker: bytes, name: bytes) -> bytes:
    """Rename an instruction, but not the definition that makes the name a custom one."""
    return name.join(raw.rsplit(marker, 1))


def test_rejects_symengine_format() -> None:
    raw = bytearray(_qpy(SAMPLES["bell"]()))
    if raw[6] < 10:
        pytest.skip("this terra's QPY has no other format of expressions")
    raw[18:19] = b"e"

    with pytest.raises(DecodeError, match="SymEngine"):
        decode(tagged("QuantumCircuit", packed(bytes(raw))))


def test_newer_qpy_error_says_what_to_do() -> None:
    raw = bytearray(_qpy(SAMPLES["bell"]()))
    raw[6] = 99

    with pytest.raises(DecodeError, match=r"version 99.*Upgrade"):
        decode(tagged("QuantumCircuit", packed(bytes(raw))))


def test_does_not_affect_direct_use_of_qpy() -> None:
    decode(tagged("QuantumCircuit", packed(_qpy(SAMPLES["parameters"]()))))

    assert SAMPLES["empty"]() == qpy.load(io.BytesIO(_qpy(SAMPLES["empty"]())))[0]


def test_loads_no_pickle() -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}], dtype=object), allow_pickle=True)

    with pytest.raises(DecodeError, match="pickled"):
        decode(tagged("ndarray", packed(buffer.getvalue())))
    with pytest.raises(DecodeError):
        decode(tagged("ndarray", packed(pickle.dumps(1))))


def test_rejects_bomb_before_inflating(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BYTES", 2**20)

    with pytest.raises(DecodeError, match="decompresses to more than"):
        decode(tagged("QuantumCircuit", packed(bytes(2**21))))


def test_rejects_bomb_in_a_sparse_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("scipy", reason="needs SciPy")
    monkeypatch.setattr(limits, "BYTES", 2**20)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.npy", bytes(2**21))

    with pytest.raises(DecodeError, match="decompresses to more"):
        decode(tagged("spmatrix", base64.b64encode(buffer.getvalue()).decode()))


def test_rejects_array_with_huge_shape() -> None:
    header = io.BytesIO()
    facts = {"descr": "<f8", "fortran_order": False, "shape": (2**60,)}
    np.lib.format.write_array_header_1_0(header, facts)

    with pytest.raises(DecodeError):
        decode(tagged("ndarray", packed(header.getvalue())))


def test_rejects_endlessly_nested_payload() -> None:
    with pytest.raises(DecodeError, match="nested too deeply"):
        json.loads('{"a":' * 100_000, cls=RuntimeDecoder)


@pytest.mark.parametrize(
    "value", [{"__type__": "ndarray"}, {"__value__": 1}, {"__type__": "x", "__value__": 1}]
)
def test_objects_resembling_wrappers_are_unchanged(value: dict[str, Any]) -> None:
    assert value == decode(value)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(max_examples=100)
@given(tag=st.sampled_from(sorted(DECODERS)), value=_json, others=st.dictionaries(st.text(), _json))
def test_any_value_under_any_tag_is_decoded_or_rejected(
    tag: str, value: object, others: dict[str, object]
) -> None:
    text = json.dumps({**others, "__type__": tag, "__value__": value})
    with contextlib.suppress(DecodeError):  # any other error fails the test
        json.loads(text, cls=RuntimeDecoder)


_TEXTS = {name: json.dumps(SAMPLES[name](), cls=RuntimeEncoder) for name in ("bell", "parameters")}


@settings(
    derandomize=True,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    name=st.sampled_from(sorted(_TEXTS)),
    place=st.integers(0, 2**16),
    byte=st.integers(0, 255),
    cut=st.booleans(),
)
def test_damaged_circuit_is_a_circuit_or_one_error(
    name: str, place: int, byte: int, cut: bool
) -> None:
    raw = bytearray(packing.unpack(json.loads(_TEXTS[name])["__value__"]))
    place %= len(raw)
    raw[place:] = b"" if cut else bytes([byte]) + raw[place + 1 :]
    with contextlib.suppress(DecodeError):  # any other error fails the test
        decode(tagged("QuantumCircuit", packed(bytes(raw))))


@pytest.mark.parametrize(
    "tag", ["QuantumCircuit", "Parameter", "ParameterExpression", "Instruction"]
)
@pytest.mark.parametrize("value", ["", "!", "AAAA", packed(b""), packed(b"QISKIT"), None, 3, []])
def test_rejects_truncated_and_mistyped_payloads(tag: str, value: object) -> None:
    with pytest.raises(DecodeError):
        decode(tagged(tag, value))


def test_accepts_every_expression_that_qiskit_writes() -> None:
    from sympy import srepr, sympify

    expressions = [value for make in SAMPLES.values() for value in _expressions(make())]

    assert len(expressions) > 10
    for value in expressions:  # raises if it is rejected
        check_expression(srepr(sympify(value._symbol_expr)))


def _expressions(circuit: QuantumCircuit) -> list[Any]:
    return [
        value
        for item in circuit.data
        for value in getattr(item.operation, "params", ())
        if hasattr(value, "_symbol_expr")
    ]


@pytest.mark.parametrize("qubit", [30_000_000, "many", None])
def test_rejects_noise_model_wider_than_its_payload(qubit: object) -> None:
    step = {"name": "reset", "qubits": [qubit]}
    error = {
        "type": "qerror",
        "operations": ["x"],
        "probabilities": [1.0],
        "instructions": [[step]],
    }
    with pytest.raises(DecodeError):
        decode(tagged("NoiseModel", {"errors": [error]}))


@pytest.mark.parametrize("name", ["Clifford", "StabilizerState"])
def test_rejects_tableau_computed_from_a_smaller_value(name: str) -> None:
    symplectic = "qiskit.quantum_info.operators.symplectic.clifford"
    module = symplectic if name == "Clifford" else "qiskit.quantum_info.states.stabilizerstate"
    scalar = tagged(
        "settings",
        {"dims": [2] * 6500, "coeff": 1},
        __module__="qiskit.quantum_info.operators.scalar_op",
        __class__="ScalarOp",
    )
    with pytest.raises(DecodeError, match="expected a tableau"):
        decode(tagged("settings", {"data": scalar}, __module__=module, __class__=name))
    labels = ["+" + "X" * 3000] * 6000
    with pytest.raises(DecodeError, match="steps"):
        decode(tagged("settings", {"data": labels}, __module__=module, __class__=name))


def test_rejects_outcomes_with_colliding_hashes() -> None:
    prime = 2**61 - 1
    for keys in (
        [str(k * prime) for k in range(1, 2000)],
        [f"{k * prime:080b}" for k in range(1, 2000)],
    ):
        text = json.dumps({"quasi_dists": [dict.fromkeys(keys, 1e-4)], "metadata": [{}]})
        with pytest.raises(DecodeError, match="quadratic"):
            SamplerResultDecoder.decode(text)


def test_accepts_wide_outcomes() -> None:
    keys = [f"{k:0100b}" for k in range(2000)]
    text = json.dumps({"quasi_dists": [dict.fromkeys(keys, 1 / 2000)], "metadata": [{}]})

    assert len(SamplerResultDecoder.decode(text).quasi_dists[0]) == 2000
