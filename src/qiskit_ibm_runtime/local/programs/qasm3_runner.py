"""The ``qasm3-runner`` program: run OpenQASM 3 sources like ``circuit-runner`` runs circuits."""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit

from . import circuit_runner


def main(backend: Any, user_messenger: Any, **inputs: Any) -> dict[str, Any]:
    """Run OpenQASM 3 programs; other inputs and the result are those of ``circuit-runner``."""
    circuits = inputs.pop("circuits")
    if isinstance(circuits, (str, QuantumCircuit)):
        circuits = [circuits]
    inputs.update(inputs.pop("run_config", None) or {})
    read = [
        item if isinstance(item, QuantumCircuit) else _read(item, number)
        for number, item in enumerate(circuits)
    ]
    return circuit_runner.main(backend, user_messenger, circuits=read, **inputs)


def _read(text: str, number: int) -> QuantumCircuit:
    try:
        from qiskit_qasm3_import import parse
    except ImportError as exc:
        raise RuntimeError(
            "Reading OpenQASM 3 requires the package qiskit-qasm3-import, which the extra `local` "
            "of qiskit-ibm-runtime installs."
        ) from exc
    try:
        circuit = parse(text)
    except Exception as exc:  # the parser raises errors of several packages
        raise ValueError(f"Cannot parse OpenQASM program {number}: {exc}") from exc
    circuit.name = circuit.name or f"qasm3-{number}"
    return circuit
