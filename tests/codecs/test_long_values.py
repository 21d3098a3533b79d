"""Long values take a separate path when encoded and decoded, with the same results."""

from __future__ import annotations

import json
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit

from qiskit_ibm_runtime._codecs import decoding, encoding
from qiskit_ibm_runtime._codecs.encoding import to_json_value
from qiskit_ibm_runtime.exceptions import DecodeError
from qiskit_ibm_runtime.utils.json import RuntimeDecoder, RuntimeEncoder

NEVER = 2**60
SHORT = 4
NUMBERS = np.random.default_rng(7).random(50_000)


def outcome(payload: str, long: int) -> Any:
    """Return the decoded value or error, with this threshold for long values."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "LONG", long)
        try:
            decoded = json.loads(payload, cls=RuntimeDecoder)
        except (json.JSONDecodeError, DecodeError) as exc:
            return type(exc), str(exc)
        return json.dumps(decoded, cls=RuntimeEncoder)


KEYS = st.sampled_from(["__value__", "__value__", "__type__", 'a"__value__', '"__value__": "', "b"])
TEXTS = st.sampled_from(["ndarray", "to_json", "abcd" * 9, 'x"y\\"z' * 3, "\0extract 0", "tail\\"])
VALUES = st.recursive(
    TEXTS | TEXTS | st.text() | st.integers(),
    lambda inner: (
        st.lists(inner, min_size=2, max_size=4) | st.dictionaries(KEYS, inner, min_size=1)
    ),
    max_leaves=12,
)


@given(VALUES, st.sampled_from([None, 1]), st.sampled_from([(",", ":"), (", ", ": ")]))
def test_long_value_parsing_matches_json(value, indent, separators):
    payload = json.dumps(value, indent=indent, separators=separators)
    assert outcome(payload, SHORT) == outcome(payload, NEVER)


@given(VALUES, st.data())
def test_truncated_json_raises_the_same_error(value, data):
    payload = json.dumps({"__value__": value})
    payload = payload[: data.draw(st.integers(0, len(payload)))]
    assert outcome(payload, SHORT) == outcome(payload, NEVER)


@pytest.mark.parametrize(
    "value",
    [
        {"__type__": "unknown", "__value__": "A" * 2**19},
        {"__value__": "A" * 2**19},
        [{"__value__": f"{number}" * 2**18} for number in range(3)],
        {"__value__": "A" * 2**19, "b": {"__value__": "B" * (2**18 - 1)}},
        {"__value__": "A" * 2**19, "b": {"__value__": "\0extract 0"}},
        {"__value__": ["A" * 2**19]},
        {"__value__": "A\n" * 2**18},
    ],
    ids=["unknown tag", "no tag", "several", "shorter too", "a mark", "in a list", "escapes"],
)
def test_long_strings_that_are_not_arrays_stay_strings(value):
    assert json.loads(json.dumps(value), cls=RuntimeDecoder) == value


def test_long_arrays_decode_together_with_others():
    value = {"a": NUMBERS, "b": [NUMBERS[:10], 2 * NUMBERS], "c": "text"}
    back = json.loads(json.dumps(value, cls=RuntimeEncoder), cls=RuntimeDecoder)

    np.testing.assert_array_equal(back["a"], NUMBERS)
    np.testing.assert_array_equal(back["b"][0], NUMBERS[:10])
    np.testing.assert_array_equal(back["b"][1], 2 * NUMBERS)
    assert back["c"] == "text"


def test_rejects_damaged_long_array():
    payload = json.dumps(NUMBERS, cls=RuntimeEncoder)
    middle = len(payload) // 2
    with pytest.raises(DecodeError, match="Malformed"):
        json.loads(payload[:middle] + "AAAA" + payload[middle + 4 :], cls=RuntimeDecoder)


def test_decoding_an_array_peaks_below_two_and_a_half_times_its_payload():
    payload = json.dumps(np.tile(NUMBERS, 4), cls=RuntimeEncoder)
    tracemalloc.start()
    json.loads(payload, cls=RuntimeDecoder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak + len(payload) < 2.5 * len(payload)


def small(number: int) -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    for turn in range(20):
        circuit.rz(number + turn / 7, 0)
    return circuit


OBJECTS = st.sampled_from([NUMBERS[:3], small(0), small(1), {1}, np.array(["text"], dtype=object)])


@given(
    st.recursive(
        OBJECTS | TEXTS,
        lambda inner: st.lists(inner, min_size=2) | st.dictionaries(KEYS, inner, min_size=1),
        max_leaves=12,
    ),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_long_value_encoding_matches_json(value, indent, ascii_only):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "LONG", SHORT)
        written = json.dumps(value, cls=RuntimeEncoder, indent=indent, ensure_ascii=ascii_only)

    assert written == json.dumps(
        value, default=to_json_value, indent=indent, ensure_ascii=ascii_only
    )


def test_subclassed_encoders_see_all_values():
    seen = []

    class Watching(RuntimeEncoder):
        def default(self, obj: Any) -> Any:
            seen.append(super().default(obj))
            return seen[-1]

    written = json.dumps([NUMBERS], cls=Watching)

    assert len(seen[0]["__value__"]) > 2**18
    assert json.loads(written) == seen


def test_custom_default_replaces_ours():
    assert json.dumps([NUMBERS], cls=RuntimeEncoder, default=len) == "[50000]"


def test_encoder_is_thread_safe():
    encoder = RuntimeEncoder()
    values = [NUMBERS[: 2000 + number] for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(encoder.encode, values))

    assert written == [json.dumps(value, cls=RuntimeEncoder) for value in values]


def test_encoding_many_circuits_needs_little_extra_memory():
    random = np.random.default_rng(5)
    circuits = []
    for _ in range(60):
        circuit = QuantumCircuit(20)
        for qubit, angle in zip(random.integers(0, 20, 800).tolist(), random.random(800).tolist()):
            circuit.rz(angle, qubit)
        circuits.append(circuit)
    tracemalloc.start()
    written = json.dumps(circuits, cls=RuntimeEncoder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 2.5 * len(written)
