"""How large a circuit may be to be simulated; without Qiskit, so that clients can ask as well."""

from __future__ import annotations

from .simulators import AMPLITUDE, SHARE

NARROW = 16
"""Qubits up to which any circuit may be simulated."""
LONGEST = 8 * 3600
"""Seconds that a simulation may take: as long as a job may."""
SPEED = 1e9
"""Amplitudes of a state vector that gates are applied to in a second."""


def refusal(
    circuit: str, qubits: int, gates: int, shots: int, memory: int, noisy: bool
) -> str | None:
    """Return why a state vector is no way to simulate a circuit, or ``None`` if it is one.

    Args:
        circuit: Its name.
        qubits: Qubits that it uses.
        gates: Instructions on them.
        shots: How often it is simulated: once, if shots are drawn from its final state.
        memory: Bytes of memory.
        noisy: Whether it is simulated with noise.
    """
    size, there = AMPLITUDE * 2**qubits, SHARE * memory
    seconds = gates * shots * 2**qubits / SPEED
    if size <= there and seconds <= LONGEST:
        return None
    kind = "a noisy simulation" if noisy else "a state vector"
    reason = f"a state takes {size / 2**30:,.1f} GiB of memory"
    if size > there:
        reason += f", and {there / 2**30:,.1f} GiB can be used"
    else:
        reason += f", and {shots:,} shots of {gates:,} gates about {seconds / 3600:,.0f} hours"
    advice = "simulator_mps, which takes a noise_model," if noisy else "simulator_mps"
    return (
        f"Circuit {circuit!r} is too large for {kind}: with {qubits} qubits, {reason}. "
        f"Use {advice} or fewer qubits{' or shots' if size <= there else ''}."
    )
