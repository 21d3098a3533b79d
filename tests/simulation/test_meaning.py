"""Circuits on simulators and devices at every level, against the exact reference."""

from __future__ import annotations

import math
from typing import Any, Callable

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Gate, Parameter, Qubit
from qiskit.circuit.library import QFT, XGate, iSwapGate
from qiskit.transpiler.exceptions import TranspilerError
from qiskit_aer import AerSimulator

from qiskit_ibm_runtime.local.simulation import transpilation

from . import random_circuit
from .conftest import LINE, ONE_WAY, WholeJob, check

Build = Callable[[], QuantumCircuit]
MADE: list[Build] = []

WHERE = [
    *(("ibmq_qasm_simulator", level, {}) for level in (0, 3)),
    ("simulator_mps", 1, {}),
    *(("fake_manila", level, {}) for level in (0, 1, 2, 3)),
    ("ibmq_qasm_simulator", 1, {"coupling_map": LINE, "initial_layout": [3, 1, 2]}),
    ("ibmq_qasm_simulator", 3, {"coupling_map": ONE_WAY, "basis_gates": ["u", "cz", "id"]}),
]


def case(build: Build) -> Build:
    """A circuit of three qubits to be run everywhere."""
    MADE.append(build)
    return build


def three(clbits: int = 3) -> QuantumCircuit:
    return QuantumCircuit(3, clbits)


@case
def body_on_other_bits() -> QuantumCircuit:
    body = QuantumCircuit(2, 1)
    body.x(0)
    body.cx(0, 1)
    made = three()
    made.if_test((made.clbits[2], 0), body, [2, 0], [1])
    made.measure([0, 1, 2], [0, 1, 2])
    return made


@case
def condition_inside_a_body_on_other_bits() -> QuantumCircuit:
    inner = QuantumCircuit(QuantumRegister(1), ClassicalRegister(2, "mine"))
    inner.x(0).c_if(inner.cregs[0], 2)
    made = three()
    made.x(0)
    made.measure(0, 0)
    made.if_test((made.clbits[0], 1), inner, [1], [2, 0])
    made.measure(1, 1)
    return made


@case
def empty_body() -> QuantumCircuit:
    made = three()
    made.x(0)
    made.measure(0, 0)
    made.if_test((made.clbits[0], 0), QuantumCircuit(1, 1), [0], [0])
    made.cx(0, 1)
    made.measure(1, 1)
    return made


@case
def empty_body_with_another() -> QuantumCircuit:
    body, other = QuantumCircuit(1, 1), QuantumCircuit(1, 1)
    other.h(0)
    made = three()
    made.if_else((made.clbits[0], 1), body, other, [2], [0])
    made.measure(2, 1)
    return made


@case
def conditional_measurement() -> QuantumCircuit:
    made = three()
    made.h([0, 1])
    made.measure([0, 1], [0, 1])
    made.x(2)
    made.measure(2, 2).c_if(made.cregs[0], 2)
    return made


@case
def conditional_reset() -> QuantumCircuit:
    made = three(2)
    made.h(0)
    made.cx(0, 1)
    made.measure(0, 0)
    made.reset(1).c_if(0, 1)
    made.measure(1, 1)
    return made


@case
def conditional_initialize_and_diagonal() -> QuantumCircuit:
    made = three()
    made.h([0, 1, 2])
    made.measure(0, 0)
    made.initialize([0.6, 0.8j], 1).c_if(0, 1)
    made.append(random_circuit.diagonal([1, -1]), [2]).c_if(0, 1)
    made.h(2)
    made.measure([1, 2], [1, 2])
    return made


@case
def condition_that_cannot_hold() -> QuantumCircuit:
    made = three(2)
    made.x(0).c_if(made.cregs[0], 5)
    made.measure(0, 0)
    return made


@case
def initialize_half_of_a_pair() -> QuantumCircuit:
    made = three(2)
    made.h(0)
    made.cx(0, 1)
    made.initialize([0, 1], 0)
    made.measure([0, 1], [0, 1])
    return made


@case
def measurement_inside_an_instruction() -> QuantumCircuit:
    part = QuantumCircuit(2, 2, name="h")
    part.h(0)
    part.measure([0, 1], [1, 0])
    part.x(1).c_if(1, 1)
    part.measure(1, 0)
    made = three()
    made.append(part.to_instruction(), [2, 0], [0, 2]).c_if(1, 0)
    return made


@case
def gates_that_are_called_like_others() -> QuantumCircuit:
    made = three()
    named = [("h", 0.4, 0), ("rz", 2.0, 1), ("unitary", 1.0, 2), ("mark", 0.3, 0), ("jump", 1.2, 1)]
    for name, angle, qubit in named:
        part = QuantumCircuit(1, name=name)
        part.ry(angle, 0)
        made.append(part.to_gate(), [qubit])
    made.append(XGate(label="h"), [0])
    made.unitary(np.array([[0, 1], [1, 0]]), [1], label="z")
    swap = QuantumCircuit(2, name="swap")
    swap.cx(0, 1)
    made.append(swap.to_gate(), [0, 2])
    made.measure([0, 1, 2], [0, 1, 2])
    return made


@case
def open_controls() -> QuantumCircuit:
    made = three()
    made.h([0, 1])
    made.append(XGate().control(2, ctrl_state=1), [0, 1, 2])
    made.append(iSwapGate().control(1, ctrl_state=0), [1, 0, 2])
    made.measure([0, 1, 2], [0, 1, 2])
    return made


@case
def loop_with_a_parameter() -> QuantumCircuit:
    index, made = Parameter("k"), three(1)
    body = QuantumCircuit(1, 1)
    body.rx(index * 0.5, 0)
    made.for_loop((1, 2), index, body, [1], [0])
    made.measure(1, 0)
    return made


@case
def loop_that_is_left_and_continued() -> QuantumCircuit:
    leave, again = QuantumCircuit(1, 1), QuantumCircuit(1, 1)
    leave.break_loop()
    again.continue_loop()
    body = QuantumCircuit(2, 2)
    body.h(0)
    body.measure(0, 0)
    body.if_test((body.clbits[0], 1), leave, [0], [0])
    body.h(1)
    body.measure(1, 1)
    body.if_test((body.clbits[1], 1), again, [0], [0])
    body.x(1)
    made = three()
    made.for_loop(range(3), None, body, [2, 0], [0, 1])
    made.measure(0, 2)
    return made


@case
def loop_until_a_coin_shows_one() -> QuantumCircuit:
    body = QuantumCircuit(2, 1)
    body.reset(0)
    body.h(0)
    body.measure(0, 0)
    body.x(1)
    made = three(2)
    made.while_loop((made.clbits[1], 0), body, [2, 0], [1])
    made.measure(0, 0)
    return made


@case
def measured_twice_after_a_swap() -> QuantumCircuit:
    made = three()
    made.x(0)
    made.swap(0, 1)
    made.measure(1, 2)
    made.measure([0, 1, 2], [0, 1, 2])
    return made


@case
def bits_written_twice_after_a_swap() -> QuantumCircuit:
    made = three(2)
    made.x([0, 2])
    made.swap(0, 1)
    made.measure(2, 0)
    made.measure(1, 0)
    made.measure(0, 1)
    return made


@case
def swap_under_a_condition() -> QuantumCircuit:
    made = three()
    made.x(0)
    made.h(2)
    made.measure(2, 2)
    made.swap(0, 1).c_if(2, 0)
    made.measure([0, 1], [0, 1])
    return made


@case
def fourier_transform() -> QuantumCircuit:
    made = three()
    made.x([0, 2])
    made.append(QFT(3), range(3))
    made.h(0)
    made.ry(0.4, [0, 1, 2])
    made.measure([0, 1, 2], [0, 1, 2])
    return made


@case
def loose_bits_before_registers() -> QuantumCircuit:
    made = QuantumCircuit([Qubit()], QuantumRegister(2, "q"), ClassicalRegister(3, "c"))
    made.x(1)
    made.swap(1, 2)
    made.measure([0, 1, 2], [0, 1, 2])
    return made


@case
def delays() -> QuantumCircuit:
    made = three()
    made.h(0)
    for time, unit in ((100, "ns"), (1.5, "us"), (1e-6, "s"), (160, "dt")):
        made.delay(time, 0, unit)
    made.h(0)
    made.measure(0, 0)
    return made


@pytest.mark.parametrize(("backend", "level", "settings"), WHERE)
def test_samples_agree_with_the_reference(
    backend: str, level: int, settings: dict[str, Any]
) -> None:
    circuits = []
    for build in MADE:
        circuits.append(build())
        circuits[-1].name = build.__name__

    check(circuits, backend, level, **settings)


@pytest.mark.parametrize("backend", ["ibmq_qasm_simulator", "simulator_mps", "fake_manila"])
def test_custom_operations_run_by_definition_whatever_their_names(backend: str) -> None:
    """Each operation is alone in its circuit, where it is most easily mistaken for a native one."""
    known = AerSimulator().configuration()
    names = {*known.basis_gates, *known.custom_instructions, *random_circuit.CLASHES}
    circuits = []
    for name in sorted(names):
        inner = QuantumCircuit(1, name=name)
        inner.rx(2.5, 0)
        for operation in (inner.to_gate(), inner.to_instruction()):
            circuits.append(QuantumCircuit(1, 1, name=name))
            circuits[-1].append(operation, [0])
            circuits[-1].measure(0, 0)

    check(circuits, backend, 1)


@pytest.mark.skipif(not random_circuit.HAS_SWITCH, reason="this Qiskit has no switch")
@pytest.mark.parametrize("backend", ["ibmq_qasm_simulator", "fake_manila"])
def test_switch_takes_the_case_of_its_value(backend: str) -> None:
    from qiskit.circuit import CASE_DEFAULT

    circuits = []
    for prepared in range(4):
        made = three()
        for qubit in (0, 1):
            made.id(qubit) if prepared >> qubit & 1 == 0 else made.x(qubit)
        register = ClassicalRegister(2, "two")
        made.add_register(register)
        made.measure([0, 1], register)
        bodies = [QuantumCircuit(2, 1) for _ in range(3)]
        for body, flipped in zip(bodies, ([0], [1], [0, 1])):
            body.x(flipped)
        cases = [(1, bodies[0]), ((2, 3), bodies[1]), (CASE_DEFAULT, bodies[2])]
        made.switch(register, cases, [2, 0], [0])
        made.measure([0, 1, 2], [0, 1, 2])
        circuits.append(made)

    check(circuits, backend)


def test_parametric_circuit_is_transpiled_once_and_bound_everywhere() -> None:
    angle = Parameter("angle")
    part = QuantumCircuit(1, name="turn")
    part.rx(angle, 0)
    made = three(2)
    made.append(part.to_gate(), [0])
    made.measure(0, 0)
    with made.if_test((made.clbits[0], 1)):
        made.ry(2 * angle, 1)
    made.measure(1, 1)
    values = [[0.3], [2.0], [math.pi]]
    from qiskit_ibm_runtime.local.programs import sampler
    from qiskit_ibm_runtime.local.simulation.backend import LocalBackend

    dists = sampler.main(
        LocalBackend.of("ibmq_qasm_simulator"),
        WholeJob(),
        circuits=[made],
        circuit_indices=[0, 0, 0],
        parameters=[[angle]] * 3,
        parameter_values=values,
        run_options={"shots": 2000, "seed_simulator": 3},
    )["quasi_dists"]

    for (value,), dist in zip(values, dists):
        one = math.sin(value / 2) ** 2
        both = one * math.sin(value) ** 2
        assert dist.get("11", 0) == pytest.approx(both, abs=5 * math.sqrt(0.25 / 2000))
        assert dist.get("00", 0) == pytest.approx(1 - one, abs=5 * math.sqrt(0.25 / 2000))


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ("ibmq_qasm_simulator", "has no definition"),
        ("fake_manila", "has no definition"),
    ],
)
def test_rejects_instruction_without_definition(backend: str, message: str) -> None:
    made = three()
    made.append(Gate("mystery", 1, []), [0])
    made.measure(0, 0)

    with pytest.raises(ValueError, match=message):
        check([made], backend)


def test_extended_stabilizer_simulator_rejects_control_flow() -> None:
    made = loop_until_a_coin_shows_one()

    with pytest.raises(ValueError, match="control flow or conditions"):
        check([made], "simulator_extended_stabilizer")


def test_rejects_break_outside_of_loops() -> None:
    made = three()
    made.h(0)
    made.break_loop()
    made.measure(0, 0)

    with pytest.raises(ValueError, match="outside of a loop"):
        check([made])


@pytest.mark.parametrize("layout", [[0, 0, 1], [0, 1, 7], [0, 1]])
def test_rejects_invalid_layout(layout: list[int]) -> None:
    with pytest.raises(ValueError, match="initial_layout"):
        check([fourier_transform()], "fake_manila", initial_layout=layout)


def test_rejects_loop_that_is_too_long_to_unroll() -> None:
    made = three()
    made.for_loop(range(10**9), None, QuantumCircuit(1, 1), [0], [0])
    made.measure(0, 0)

    with pytest.raises(ValueError, match="too many to simulate"):
        check([made])


@pytest.mark.parametrize("level", [2, 3])
def test_falls_back_to_level_one_if_optimization_does_not_end(
    level: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Terra 0.23 does not finish with a one-way coupling and the basis h, p, cx, rx, id."""

    class Endless:
        optimization = None

        def run(self, circuit: QuantumCircuit) -> QuantumCircuit:
            raise TranspilerError("Maximum iteration reached. max_iteration=1000")

    levels: list[Any] = list(transpilation._LEVELS)
    levels[level] = lambda _config: Endless()
    monkeypatch.setattr(transpilation, "_LEVELS", levels)
    with caplog.at_level("WARNING"):
        check([fourier_transform()], "fake_manila", level)

    assert "at level 1, because" in caplog.text


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("identity", ["id", "p", "rx"])
def test_identities_between_gates_that_do_not_commute_change_nothing(
    identity: str, level: int
) -> None:
    circuit = QuantumCircuit(1)
    for angle in (1.5, 1.5, 1.5):
        for gate in ("rx", "p"):
            getattr(circuit, gate)(angle, 0)
            getattr(circuit, identity)(*(() if identity == "id" else (0.0,)), 0)
    circuit.h(0)
    circuit.measure_all()

    check([circuit], level=level, basis_gates=["h", "p", "cx", "rx", "id"])
