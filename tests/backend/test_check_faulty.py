"""Checking circuits against the faulty parts of a device."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Gate, Qubit
from qiskit.circuit.library import RealAmplitudes
from tests.backend.conftest import Service

from qiskit_ibm_runtime.ibm_backend import IBMBackend


def circuit() -> QuantumCircuit:
    return QuantumCircuit(5, 2, name="mine")


def _inside(make: Callable[[QuantumCircuit], None]) -> QuantumCircuit:
    outer = circuit()
    make(outer)
    return outer


def _if(outer: QuantumCircuit) -> None:
    with outer.if_test((outer.clbits[0], 1)) as otherwise:
        outer.x(0)
    with otherwise:
        outer.cx(1, 2)


def _for(outer: QuantumCircuit) -> None:
    with outer.for_loop(range(2)):
        outer.cx(1, 2)


def _while(outer: QuantumCircuit) -> None:
    with outer.while_loop((outer.clbits[0], 1)):
        outer.cx(1, 2)


def _switch(outer: QuantumCircuit) -> None:
    with outer.switch(outer.cregs[0]) as case:
        with case(0):
            outer.x(0)
        with case(case.DEFAULT):
            outer.cx(1, 2)


def _nested(outer: QuantumCircuit) -> None:
    with outer.if_test((outer.clbits[0], 1)), outer.for_loop(range(2)):
        outer.cx(1, 2)


BODIES = [_if, _for, _while, _nested, *([_switch] if hasattr(QuantumCircuit, "switch") else [])]


def test_names_faulty_qubit(service: Service) -> None:
    service.break_qubit(3)
    used = circuit()
    used.sx(3)

    with pytest.raises(ValueError, match=r"Circuit mine contains instruction sx .*faulty qubit 3"):
        service.backend().check_faulty(used)


@pytest.mark.parametrize("pair", [(0, 1), (1, 0)])
def test_names_faulty_edge_in_instruction_order(service: Service, pair: tuple[int, int]) -> None:
    service.break_gate(0, 1)
    used = circuit()
    used.cx(*pair)

    with pytest.raises(ValueError, match=rf"instruction cx .*faulty edge \({pair[0]}, {pair[1]}\)"):
        service.backend().check_faulty(used)


def test_rejects_three_qubit_gate_across_faulty_edge(service: Service) -> None:
    service.break_gate(0, 1)
    used = circuit()
    used.ccx(2, 0, 1)

    with pytest.raises(ValueError, match=r"instruction ccx .*faulty edge \(0, 1\)"):
        service.backend().check_faulty(used)


def test_single_gate_of_a_qubit_may_be_faulty(service: Service) -> None:
    service.break_gate(2, name="x")
    fine, used = circuit(), circuit()
    fine.sx(2)
    used.x(2)
    backend = service.backend()

    backend.check_faulty(fine)
    with pytest.raises(ValueError, match="faulty gate x of qubit 2"):
        backend.check_faulty(used)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__.strip("_"))
def test_checks_control_flow_bodies(
    service: Service, body: Callable[[QuantumCircuit], None]
) -> None:
    used = _inside(body)
    service.backend().check_faulty(used)
    service.break_gate(1, 2)

    with pytest.raises(ValueError, match=r"Circuit .* instruction cx .*faulty edge \(1, 2\)"):
        service.backend().check_faulty(used)


def _conditional(used: QuantumCircuit) -> None:
    used.cx(2, 1).c_if(used.clbits[0], 1)


def _unitary(used: QuantumCircuit) -> None:
    used.unitary(np.eye(8), [4, 2, 1])


def _opaque(used: QuantumCircuit) -> None:
    used.append(Gate("mine", 2, []), [2, 1])


def _swapped_body(used: QuantumCircuit) -> None:
    body = QuantumCircuit(2)
    body.cx(0, 1)
    used.for_loop(range(2), None, body, [2, 1], [])


@pytest.mark.parametrize(
    ("add", "name"),
    [(_conditional, "cx"), (_unitary, "unitary"), (_opaque, "mine"), (_swapped_body, "cx")],
)
def test_finds_faulty_edge_under_any_instruction(
    service: Service, add: Callable[[QuantumCircuit], None], name: str
) -> None:
    used = circuit()
    add(used)
    service.backend().check_faulty(used)
    service.break_gate(1, 2)

    with pytest.raises(ValueError, match=rf"instruction {name} .*faulty edge \(2, 1\)"):
        service.backend().check_faulty(used)


LOOSE = [Qubit() for _ in range(5)]
FIRST, SECOND = QuantumRegister(2, "first"), QuantumRegister(3, "second")


@pytest.mark.parametrize(
    ("used", "third"),
    [
        (QuantumCircuit(LOOSE), LOOSE[3]),
        (QuantumCircuit(FIRST, SECOND), SECOND[1]),
        (QuantumCircuit(SECOND, FIRST), FIRST[0]),
        (QuantumCircuit(127), 3),
    ],
    ids=["loose bits", "registers", "registers in another order", "wider than the device"],
)
def test_qubits_are_matched_by_index(service: Service, used: QuantumCircuit, third: Any) -> None:
    service.break_qubit(3)
    used.x(third)

    with pytest.raises(ValueError, match="faulty qubit 3"):
        service.backend().check_faulty(used)


def test_qubits_beyond_the_device_have_no_faults(service: Service) -> None:
    service.break_qubit(3)
    wide = QuantumCircuit(127)
    wide.cx(125, 126)

    backend = service.backend()
    backend.check_faulty(wide)

    wide.x(3)
    with pytest.raises(ValueError, match="faulty qubit 3"):
        backend.check_faulty(wide)


def test_body_qubits_map_to_device_qubits(service: Service) -> None:
    service.break_qubit(0)  # the first qubit inside the bodies is qubit 1 outside
    backend = service.backend()
    backend.check_faulty(_inside(_for))

    service.break_qubit(1)
    backend.refresh()
    with pytest.raises(ValueError, match="faulty qubit 1"):
        backend.check_faulty(_inside(_for))


def test_ignores_directives(service: Service) -> None:
    service.break_qubit(3)
    service.break_gate(0, 1)
    used = circuit()
    used.barrier()
    used.delay(100, 3)
    used.cx(1, 2)
    used.measure(0, 0)
    backend = service.backend()
    backend.check_faulty(used)

    used.x(3)
    with pytest.raises(ValueError, match="faulty qubit 3"):
        backend.check_faulty(used)


def test_finds_equal_bits_from_another_register(service: Service) -> None:
    service.break_qubit(3)
    used = QuantumCircuit(QuantumRegister(5, "q"), ClassicalRegister(1, "c"))
    used.x(QuantumRegister(5, "q")[3])

    with pytest.raises(ValueError, match="faulty qubit 3"):
        service.backend().check_faulty(used)


def test_checks_lazily_built_circuit(service: Service) -> None:
    service.break_qubit(1)

    with pytest.raises(ValueError, match="faulty qubit 1"):
        service.backend().check_faulty(RealAmplitudes(3))


def test_checking_takes_one_request(service: Service, backend: IBMBackend) -> None:
    for _ in range(3):
        backend.check_faulty(circuit())

    assert service.asked == ["properties"]


def test_uses_new_calibration(service: Service, backend: IBMBackend) -> None:
    used = circuit()
    used.x(3)
    backend.check_faulty(used)
    service.break_qubit(3)

    backend.properties(refresh=True)

    with pytest.raises(ValueError, match="faulty qubit 3"):
        backend.check_faulty(used)


def test_uses_replaced_properties_method(backend: IBMBackend) -> None:
    properties = backend.properties()
    properties._qubits[0]["operational"] = (False, None)
    backend.properties = lambda: properties  # type: ignore[assignment, method-assign, misc]
    used = circuit()
    used.x(0)

    with pytest.raises(ValueError, match="faulty qubit 0"):
        backend.check_faulty(used)


def test_target_omits_faulty_parts(service: Service) -> None:
    service.break_qubit(4)
    service.break_gate(0, 1)

    target = service.backend().target

    assert {(1, 2), (2, 1), (2, 3), (3, 2)} == set(target["cx"])
    assert {(0,), (1,), (2,), (3,)} == set(target["measure"]) == set(target["delay"])
