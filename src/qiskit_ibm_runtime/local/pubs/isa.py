"""Whether a device can run a circuit as it is; the service transpiles nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import DYNAMIC, NOT_ISA, PubError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_ANYWHERE = {"barrier", "delay", "measure", "reset"}
_HALF_TURN = 1.5707963267948966
_ROUNDING = 1e-9


def check(circuit: QuantumCircuit, configuration: dict[str, Any]) -> None:
    """Check every instruction of a circuit against a device.

    Args:
        circuit: With its parameters; angles of ``rzz`` are checked where they are numbers.
        configuration: The document of the device; a simulator runs anything.

    Raises:
        PubError: If the device does not run one, or has fewer qubits.
    """
    if configuration.get("simulator"):
        return
    name, width = configuration["backend_name"], configuration["n_qubits"]
    if circuit.num_qubits > width:
        raise PubError(
            NOT_ISA,
            f"Circuit {circuit.name!r} has {circuit.num_qubits} qubits, and {name} has {width}.",
        )
    _check(circuit, list(range(circuit.num_qubits)), _places(configuration), name)


def _places(configuration: dict[str, Any]) -> dict[str, set[tuple[int, ...]] | None]:
    """Where each gate of a device is run; ``None`` means on any qubit."""
    pairs = {tuple(pair) for pair in configuration.get("coupling_map") or ()}
    places: dict[str, set[tuple[int, ...]] | None] = dict.fromkeys(configuration["basis_gates"])
    for gate in configuration["gates"]:
        listed = {tuple(place) for place in gate.get("coupling_map") or ()}
        if gate["name"] in places and listed:
            places[gate["name"]] = listed
    for two in ("cx", "cz", "ecr", "rzz"):
        if two in places and places[two] is None:
            places[two] = pairs
    places.update(dict.fromkeys(_ANYWHERE))
    return places


def _check(
    circuit: QuantumCircuit,
    outer: list[int],
    places: dict[str, set[tuple[int, ...]] | None],
    device: str,
) -> None:
    for item in circuit.data:
        operation = item.operation
        where = tuple(outer[circuit.find_bit(qubit).index] for qubit in item.qubits)
        if operation.name == "if_else":
            for body in operation.blocks:
                _check(body, list(where), places, device)
            continue
        if operation.name not in places:
            raise PubError(NOT_ISA, _not_run(operation.name, where, device))
        listed = places[operation.name]
        if operation.name not in _ANYWHERE and listed is not None and where not in listed:
            raise PubError(NOT_ISA, _not_run(operation.name, where, device))
        if getattr(operation, "ctrl_state", 1) != 2 ** getattr(operation, "num_ctrl_qubits", 1) - 1:
            raise PubError(
                NOT_ISA, _not_run(f"{operation.name} with an open control", where, device)
            )
        if operation.name == "rzz" and isinstance(operation.params[0], (int, float)):
            check_rzz(float(operation.params[0]))


def check_rzz(angle: float) -> None:
    """Check the angle of a fractional gate.

    Raises:
        PubError: If it is not between 0 and a quarter turn.
    """
    if not -_ROUNDING <= angle <= _HALF_TURN + _ROUNDING:
        raise PubError(NOT_ISA, f"The angle {angle} of rzz is not between 0 and pi/2.")


def check_static(circuit: QuantumCircuit) -> None:
    """Check that nothing in a circuit depends on what was measured.

    Raises:
        PubError: If something does.
    """
    if any(item.operation.name == "if_else" for item in circuit.data):
        raise PubError(
            DYNAMIC, "Dynamic circuits (with if_else) are not supported by the estimator."
        )


def _not_run(name: str, where: tuple[int, ...], device: str) -> str:
    return (
        f"The instruction {name} on qubits {where} is not supported by the target system {device}. "
        "Transpile the circuit to the backend before it is sent."
    )
