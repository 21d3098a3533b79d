"""ISA checks: every instruction must exist on the device; the service does not transpile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import DYNAMIC, FRACTIONAL, NOT_ISA, PubError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_ANYWHERE = {"barrier", "delay", "measure", "reset"}
_FRACTIONAL = {"rx", "rzz"}
_HALF_TURN = 1.5707963267948966
_ROUNDING = 1e-9


def check(circuit: QuantumCircuit, configuration: dict[str, Any]) -> None:
    """Check that a circuit uses only instructions of a device.

    Args:
        circuit: May have parameters; numeric angles of ``rzz`` are checked.
        configuration: Configuration of the device; simulators accept any instruction.

    Raises:
        PubError: If the device does not support an instruction, or has fewer qubits.
    """
    if configuration.get("simulator"):
        return
    name, width = configuration["backend_name"], configuration["n_qubits"]
    if circuit.num_qubits > width:
        raise PubError(
            NOT_ISA,
            f"Circuit {circuit.name!r} has {circuit.num_qubits} qubits, but {name} has {width}.",
        )
    _check(circuit, list(range(circuit.num_qubits)), _places(configuration), name)


def _places(configuration: dict[str, Any]) -> dict[str, set[tuple[int, ...]] | None]:
    """Return the qubits on which each gate is supported; ``None`` means all."""
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
            raise PubError(NOT_ISA, _not_supported(operation.name, where, device))
        listed = places[operation.name]
        if operation.name not in _ANYWHERE and listed is not None and where not in listed:
            raise PubError(NOT_ISA, _not_supported(operation.name, where, device))
        if getattr(operation, "ctrl_state", 1) != 2 ** getattr(operation, "num_ctrl_qubits", 1) - 1:
            raise PubError(
                NOT_ISA, _not_supported(f"{operation.name} with an open control", where, device)
            )
        if operation.name == "rzz" and isinstance(operation.params[0], (int, float)):
            check_rzz(float(operation.params[0]))


def check_rzz(angle: float) -> None:
    """Check the angle of an ``rzz`` gate.

    Raises:
        PubError: If it is not between 0 and pi/2.
    """
    if not -_ROUNDING <= angle <= _HALF_TURN + _ROUNDING:
        raise PubError(NOT_ISA, f"The angle {angle} of rzz is not between 0 and pi/2.")


def check_combinations(circuit: QuantumCircuit, *, decoupled: bool, twirled: bool) -> None:
    """Check a circuit against options that exclude some instructions.

    Args:
        circuit: The circuit.
        decoupled: Whether dynamical decoupling is enabled.
        twirled: Whether gates are twirled.

    Raises:
        PubError: If the circuit is dynamic and decoupled, or has fractional gates and is twirled.
    """
    names = {item.operation.name for item in circuit.data}
    if decoupled and "if_else" in names:
        text = "Dynamical decoupling is not supported for dynamic circuits; disable either."
        raise PubError(DYNAMIC, text)
    if twirled and names & _FRACTIONAL:
        text = "Gate twirling is not supported for circuits with fractional gates (rx, rzz)."
        raise PubError(FRACTIONAL, text)


def check_static(circuit: QuantumCircuit) -> None:
    """Check that a circuit has no control flow.

    Raises:
        PubError: If it is a dynamic circuit.
    """
    if any(item.operation.name == "if_else" for item in circuit.data):
        raise PubError(
            DYNAMIC, "Dynamic circuits (with if_else) are not supported by the estimator."
        )


def _not_supported(name: str, where: tuple[int, ...], device: str) -> str:
    return (
        f"The instruction {name} on qubits {where} is not supported by the target system {device}. "
        "Transpile the circuit for this backend before submitting it."
    )
