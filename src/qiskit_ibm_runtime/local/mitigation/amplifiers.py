"""Noise amplification by gate folding.

Replacing a gate G by G (G^-1 G)^k leaves its effect unchanged and multiplies its noise by 2k + 1.
For factors other than odd integers, an evenly spaced subset of the gates is folded once more.
Source: T. Giurgica-Tiron, Y. Hindy, R. LaRose, A. Mari and W. J. Zeng, "Digital zero noise
extrapolation for quantum error mitigation", IEEE QCE 2020, 306-316.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from qiskit_ibm_runtime.local.simulation.transpiling_backend import TranspilingBackend

_OWN_INVERSE = {"ccx", "ccz", "ch", "cx", "cy", "cz", "ecr", "h", "id", "swap", "x", "y", "z"}
_SILENT = {"barrier", "delay"}


def amplify(
    machine: TranspilingBackend, circuit: QuantumCircuit, factor: float, amplifier: str
) -> QuantumCircuit:
    """Return the circuit with ``factor`` times its noise.

    Args:
        machine: Backend whose basis gates express the inverses.
        circuit: Circuit without free parameters or measurements.
        factor: Noise factor, 1 or more.
        amplifier: ``TwoQubitAmplifier`` folds two-qubit gates, ``CxAmplifier`` only ``cx`` gates,
            ``LocalFoldingAmplifier`` all gates, and ``GlobalFoldingAmplifier`` the whole circuit.

    Raises:
        ValueError: If the amplifier is unknown, the factor is below 1, or the circuit cannot be
            folded by this amplifier.
    """
    if factor < 1:
        raise ValueError(f"A noise factor must be 1 or more, not {factor}.")
    if amplifier == "GlobalFoldingAmplifier":
        return _global(machine, circuit, factor)
    if amplifier not in _LOCAL:
        known = ", ".join(sorted([*_LOCAL, "GlobalFoldingAmplifier"]))
        raise ValueError(f"Unknown noise amplifier {amplifier!r}. Choose from {known}.")
    chosen = [n for n, item in enumerate(circuit.data) if _LOCAL[amplifier](item)]
    if amplifier == "CxAmplifier" and not chosen:
        others = {i.operation.name for i in circuit.data if _LOCAL["TwoQubitAmplifier"](i)}
        if others:
            raise ValueError(
                f"CxAmplifier amplifies only cx gates, but the circuit has "
                f"{', '.join(sorted(others))} after transpilation to {machine.name}. "
                "Use TwoQubitAmplifier."
            )
    pairs = dict(zip(chosen, _pairs(len(chosen), factor)))
    folded = circuit.copy_empty_like()
    for number, item in enumerate(circuit.data):
        folded.append(item.operation, item.qubits, item.clbits)
        for _ in range(pairs.get(number, 0)):
            _undo(machine, folded, item)
            folded.append(item.operation, item.qubits)
    return folded


def _is_gate(item: Any) -> bool:
    return item.operation.name not in _SILENT and not item.clbits and _has_matrix(item.operation)


def _has_matrix(operation: Any) -> bool:
    return hasattr(operation, "to_matrix") and getattr(operation, "condition", None) is None


_LOCAL: dict[str, Callable[[Any], bool]] = {
    "TwoQubitAmplifier": lambda item: _is_gate(item) and len(item.qubits) == 2,
    "CxAmplifier": lambda item: _is_gate(item) and item.operation.name == "cx",
    "LocalFoldingAmplifier": _is_gate,
}


def _pairs(gates: int, factor: float) -> list[int]:
    """Return the number of folds for each gate, spread evenly to reach the factor overall."""
    total = round((factor - 1) / 2 * gates)
    return [(n + 1) * total // gates - n * total // gates for n in range(gates)]


def _global(machine: TranspilingBackend, circuit: QuantumCircuit, factor: float) -> QuantumCircuit:
    for item in circuit.data:
        if item.operation.name not in _SILENT and not _is_gate(item):
            raise ValueError(
                f"GlobalFoldingAmplifier cannot undo {item.operation.name!r} in the middle of "
                "a circuit. Use TwoQubitAmplifier."
            )
    gates = [item for item in circuit.data if _is_gate(item)]
    total = round((factor - 1) / 2 * len(gates))
    folded = circuit.copy()
    while total > 0:
        last = gates[-total:] if total < len(gates) else gates
        for item in reversed(last):
            _undo(machine, folded, item)
        for item in last:
            folded.append(item.operation, item.qubits)
        total -= len(last)
    return folded


def _undo(machine: TranspilingBackend, circuit: QuantumCircuit, item: Any) -> None:
    """Append the inverse of a gate in basis gates of the backend, so that it is as noisy."""
    if item.operation.name in _OWN_INVERSE:
        circuit.append(item.operation, item.qubits)
        return
    for gate, places in machine.inverse(item.operation):
        circuit.append(gate, [item.qubits[place] for place in places])
