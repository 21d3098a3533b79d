"""Size limits of simulated circuits. Does not import Qiskit, so that clients can use it, too."""

from __future__ import annotations

from .simulators import AMPLITUDE, SHARE

NARROW = 16
"""Number of qubits up to which any circuit may be simulated."""
LONGEST = 8 * 3600
"""Time limit of a simulation in seconds, equal to that of a job."""
SPEED = 1e9
"""Estimated speed of simulation, in state-vector amplitudes updated per second."""


def refusal(
    circuit: str, qubits: int, gates: int, shots: int, memory: int, noisy: bool
) -> str | None:
    """Explain why a circuit is too large for a state vector; return ``None`` if it is not.

    Args:
        circuit: Name of the circuit.
        qubits: Number of qubits that it uses.
        gates: Number of its instructions.
        shots: Number of simulations: 1 if shots are sampled from the final state.
        memory: Available memory in bytes.
        noisy: Whether the simulation has noise.
    """
    size, available = AMPLITUDE * 2**qubits, SHARE * memory
    seconds = gates * shots * 2**qubits / SPEED
    if size <= available and seconds <= LONGEST:
        return None
    kind = "a noisy simulation" if noisy else "a state vector"
    reason = f"a state takes {size / 2**30:,.1f} GiB of memory"
    if size > available:
        reason += f", and {available / 2**30:,.1f} GiB are available"
    else:
        reason += f", and {shots:,} shots of {gates:,} gates take about {seconds / 3600:,.0f} hours"
    advice = "simulator_mps, which takes a noise_model," if noisy else "simulator_mps"
    return (
        f"Circuit {circuit!r} is too large for {kind}: with {qubits} qubits, {reason}. "
        f"Use {advice} or fewer qubits{' or shots' if size <= available else ''}."
    )
