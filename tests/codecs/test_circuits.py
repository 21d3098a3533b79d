"""Circuits round-trip or are rejected, and repeated ones are encoded once."""

from __future__ import annotations

import gc
import json
import threading
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from qiskit import QuantumCircuit, pulse
from qiskit.circuit import Gate, Parameter, ParameterVector, QuantumRegister, Qubit
from qiskit.circuit.library import CCXGate, RealAmplitudes, RYGate, XGate, YGate
from tests.circuits.circuit_strategies import operation_of
from tests.codecs.nested_gates import all_parts
from tests.codecs.sample_circuits import AS_DEFINED, SAMPLES, are_equivalent, bell

from qiskit_ibm_runtime._codecs import encoding as codec
from qiskit_ibm_runtime._codecs.reading import read_circuit
from qiskit_ibm_runtime.utils.json import RuntimeDecoder, RuntimeEncoder


def encode(value: object) -> str:
    return json.dumps(value, cls=RuntimeEncoder)


def decode(text: str) -> Any:
    return json.loads(text, cls=RuntimeDecoder)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the encoded circuits, in order."""
    names: list[str] = []
    content = codec.content

    def noted(circuit: QuantumCircuit) -> bytes:
        names.append(circuit.name)
        return content(circuit)

    monkeypatch.setattr(codec, "content", noted)
    return names


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_circuit_round_trips(name: str) -> None:
    circuit = SAMPLES[name]()

    back = decode(encode(circuit))

    if name in AS_DEFINED:
        assert are_equivalent(circuit, back)
        return
    assert all_parts(back) == all_parts(circuit)
    assert (back.name, back.metadata or {}) == (circuit.name, circuit.metadata or {})
    assert back.parameters == circuit.parameters
    assert back.calibrations == circuit.calibrations
    assert [(r.name, r.size) for r in (*back.qregs, *back.cregs)] == [
        (r.name, r.size) for r in (*circuit.qregs, *circuit.cregs)
    ]


def test_custom_gate_round_trips_as_its_definition() -> None:
    (item,) = decode(encode(SAMPLES["custom_class"]())).data

    assert (item.operation.name, item.operation.params) == ("turn", [0.5])
    assert [(i.operation.name, i.operation.params) for i in item.operation.definition] == [
        ("rx", [0.5])
    ]


def test_mutable_standard_gate_round_trips_inside_another_gate() -> None:
    gate = CCXGate()
    inner = QuantumCircuit(3, name="or")
    inner.append(gate.to_mutable() if hasattr(gate, "to_mutable") else gate, [0, 1, 2])
    circuit = QuantumCircuit(3)
    circuit.append(inner.to_gate(), [2, 1, 0])

    arrived = json.loads(json.dumps(circuit, cls=RuntimeEncoder), cls=RuntimeDecoder)

    assert arrived == circuit


@pytest.mark.parametrize("method", ["ucrx", "ucry", "ucrz"])
@pytest.mark.parametrize("label", [None, "mine"])
def test_uniformly_controlled_rotations_keep_their_class_or_label(
    method: str, label: str | None
) -> None:
    circuit = QuantumCircuit(3)
    gate = operation_of(method, [0.1, 0.2, 0.3, 0.4], [1, 2], 0)
    gate.label = label
    circuit.append(gate, [0, 1, 2])
    circuit.append(operation_of(method, [0.5], [], 2), [2])

    back = decode(encode(circuit))

    kinds = [type(gate) if label is None else Gate, type(gate)]
    assert [type(item.operation) for item in back.data] == kinds
    assert [item.operation.label for item in back.data] == [label, None]
    assert are_equivalent(circuit, back)


def test_rejects_instruction_known_only_by_its_class() -> None:
    pytest.importorskip("qiskit_aer", reason="needs Aer")
    circuit = bell()
    circuit.save_statevector()

    with pytest.raises(TypeError, match="save_statevector"):
        encode(circuit)


def test_error_gives_the_path_of_the_circuit_and_advice() -> None:
    pytest.importorskip("qiskit_aer", reason="needs Aer")
    circuit = bell()
    circuit.save_statevector()
    where = r"value\['circuits'\]\[0\]: Circuit 'bell' contains the instruction 'save_statevector'"

    with pytest.raises(TypeError, match=where + ".*Give it a definition, or remove it"):
        encode({"circuits": [circuit]})


def test_metadata_may_hold_encodable_values() -> None:
    circuit = bell()
    circuit.metadata = {"numbers": {1, 2}, "weight": 2j}

    assert circuit.metadata == decode(encode(circuit)).metadata


def test_encodes_the_same_object_once_per_payload(written: list[str]) -> None:
    circuit, other = bell(), SAMPLES["evolution"]()

    texts = json.loads(encode([circuit] * 100 + [other] * 100))

    assert ["bell", other.name] == written
    assert len({text["__value__"] for text in texts}) == 2


def _rebind(circuit: QuantumCircuit) -> None:
    circuit.assign_parameters({circuit.parameters[0]: 0.5}, inplace=True)


def _calibrate(circuit: QuantumCircuit) -> None:
    with pulse.build(name="x") as schedule:
        pulse.delay(10, pulse.DriveChannel(0))
    circuit.add_calibration("rx", [0], schedule, [0.1])


def _change_parameter_of_gate(circuit: QuantumCircuit) -> None:
    circuit.data[0].operation.params[0] = 0.75


def _relabel(circuit: QuantumCircuit) -> None:
    circuit.data[0].operation.label = "mine"


def _condition(circuit: QuantumCircuit) -> None:
    circuit.data[0].operation.condition = (circuit.clbits[0], 1)


def _edit_definition(circuit: QuantumCircuit) -> None:
    circuit.data[3].operation.definition.x(0)


def _edit_matrix(circuit: QuantumCircuit) -> None:
    circuit.data[4].operation.params[0][:] = [[0, 1], [1, 0]]


def _swap_entry(circuit: QuantumCircuit) -> None:
    circuit.data[0], circuit.data[1] = circuit.data[1], circuit.data[0]


def _resize_vector(circuit: QuantumCircuit) -> None:
    next(p for p in circuit.parameters if hasattr(p, "vector")).vector.resize(7)


def _edit_metadata(circuit: QuantumCircuit) -> None:
    circuit.metadata["deep"]["list"].append(1)


def _delay(circuit: QuantumCircuit) -> None:
    circuit.data[5].operation.duration = 20


def _move(circuit: QuantumCircuit) -> None:
    circuit.data[0].qubits = (circuit.qubits[1],)


def _replace(circuit: QuantumCircuit) -> None:
    circuit.data[2].operation = YGate()


MUTATIONS: dict[str, Callable[[QuantumCircuit], object]] = {
    "a gate more": lambda circuit: circuit.x(0),
    "a gate less": lambda circuit: circuit.data.pop(),
    "cleared": lambda circuit: circuit.clear(),
    "gates in another order": _swap_entry,
    "a gate on another qubit": _move,
    "another gate in its place": _replace,
    "a parameter bound in place": _rebind,
    "a parameter of a gate replaced": _change_parameter_of_gate,
    "a vector resized": _resize_vector,
    "name": lambda circuit: setattr(circuit, "name", "other"),
    "global phase": lambda circuit: setattr(circuit, "global_phase", 0.5),
    "metadata": lambda circuit: setattr(circuit, "metadata", {"a": 1}),
    "metadata deep inside": _edit_metadata,
    "a calibration": _calibrate,
    "a label": _relabel,
    "a condition": _condition,
    "the definition of a gate": _edit_definition,
    "the matrix of a gate": _edit_matrix,
    "a delay": _delay,
    "a bit more": lambda circuit: circuit.add_bits([Qubit()]),
    "a register more": lambda circuit: circuit.add_register(QuantumRegister(1, "more")),
    "measured": lambda circuit: circuit.measure_all(),
    "measurements removed": lambda circuit: circuit.remove_final_measurements(),
}


def _circuit_to_change() -> QuantumCircuit:
    vector = ParameterVector("v", 3)
    inner = QuantumCircuit(1, name="inner")
    inner.h(0)
    circuit = QuantumCircuit(2, 1, name="before", metadata={"deep": {"list": []}})
    circuit.append(RYGate(Parameter("a")), [0])
    circuit.rx(vector[1], 0)
    circuit.append(XGate(), [1])
    circuit.append(inner.to_gate(), [0])
    circuit.unitary([[1, 0], [0, 1]], [0])
    circuit.delay(10, 0)
    circuit.measure(0, 0)
    return circuit


@pytest.mark.parametrize("name", MUTATIONS)
def test_encodes_a_changed_circuit_again(name: str) -> None:
    circuit = _circuit_to_change()
    before = encode(circuit)
    assert before == encode(circuit)

    MUTATIONS[name](circuit)

    back = decode(encode(circuit))
    assert before != encode(circuit)
    assert circuit == back
    assert (circuit.name, circuit.global_phase) == (back.name, back.global_phase)
    assert circuit.metadata == back.metadata


def test_circuit_reusing_a_freed_address_is_not_confused_with_the_old_one() -> None:
    for number in range(200):
        circuit = QuantumCircuit(1, name="c")
        circuit.rx(number / 7, 0)
        assert circuit == decode(encode(circuit))
        del circuit


def test_encoder_keeps_no_circuit_alive() -> None:
    circuit = RealAmplitudes(2)
    encode(circuit)
    seen = weakref.ref(circuit)

    del circuit
    gc.collect()

    assert seen() is None


def test_threads_encode_concurrently() -> None:
    shared = [SAMPLES["vector"]() for _ in range(4)]
    expected = shared[0]
    failures: list[object] = []

    def work() -> None:
        for _ in range(20):
            own = bell()
            back = decode(encode([*shared, own]))
            if back[0] != expected or back[-1] != own:
                failures.append(back)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


def test_parameter_vector_elements_are_found_after_decoding() -> None:
    circuit = SAMPLES["vector"]()

    back = decode(encode(circuit))

    assert circuit.parameters == back.parameters
    assert len(back.parameters[0].vector) == 12


def test_rejects_integer_too_large_for_qpy() -> None:
    circuit = QuantumCircuit(1)
    circuit.append(Gate("big", 1, [2**70]), [0])

    with pytest.raises(TypeError, match="cannot be encoded in QPY"):
        encode(circuit)


def test_public_qpy_module_round_trips(tmp_path: Any) -> None:
    from qiskit_ibm_runtime import qpy as ours

    circuits = [bell(), SAMPLES["parameters"]()]
    with (tmp_path / "file").open("wb") as file:
        ours.dump(circuits, file)
    with (tmp_path / "file").open("rb") as file:
        assert circuits == ours.load(file)


def test_reading_part_of_a_vector_changes_no_filter_of_other_threads() -> None:
    seen: list[Any] = []

    class Decoder(json.JSONDecoder):
        def decode(self, s: str, *args: Any) -> Any:
            seen.append(warnings.filters)
            return super().decode(s, *args)

    vector = ParameterVector("v", 3)
    circuit = QuantumCircuit(1, metadata={"a": 1})
    circuit.rx(vector[1], 0)
    filters = warnings.filters

    back = read_circuit(codec.content(circuit), Decoder)

    assert list(back.parameters) == [vector[1]]
    assert seen
    assert all(each is filters for each in seen)
    assert warnings.filters is filters
