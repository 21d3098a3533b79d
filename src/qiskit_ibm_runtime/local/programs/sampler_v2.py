"""The V2 ``sampler`` program: every shot of each PUB, by classical register."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import numpy as np

from qiskit_ibm_runtime.local.devices import catalog
from qiskit_ibm_runtime.local.pubs import arrays, circuits, isa, params, results
from qiskit_ibm_runtime.local.pubs.errors import INVALID_CIRCUIT, OPTION, SHAPES, PubError
from qiskit_ibm_runtime.local.simulation.transpiling_backend import TranspilingBackend

from .inputs import Run, Transpilation

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from qiskit_ibm_runtime.local.simulation.outcomes import Outcomes

Array = np.ndarray[Any, Any]
DEFAULT_SHOTS = 4096
MOST_SHOTS = 10_000_000
AT_ONCE = 64
"""Number of circuits bound and simulated together."""


def main(backend: Any, user_messenger: Any, **inputs: Any) -> None:
    """Sample each PUB."""
    asked = params.checked("sampler", inputs)
    if asked.options.execution.meas_type != "classified":
        raise PubError(OPTION, "Only meas_type 'classified' is supported.")
    default = asked.shots or asked.options.default_shots or DEFAULT_SHOTS
    pubs = [Pub.of(pub, default, backend) for pub in asked.pubs]
    for pub in pubs:
        isa.check_combinations(
            pub.circuit.circuit,
            decoupled=asked.options.dynamical_decoupling.enable,
            twirled=bool(asked.options.twirling.enable_gates),
        )
    simulator = asked.options.simulator
    machine = ready(backend, simulator.seed_simulator if simulator else None)
    start, answers = now(), []
    for pub in pubs:
        registers = sampled(machine, pub.circuit, pub.values, pub.shots)
        notes = {"circuit_metadata": pub.circuit.notes}
        answers.append(results.sampler_pub(registers, pub.shape, notes, typed=asked.support_qiskit))
    spans = results.spans(start, now(), [(pub.shape, pub.shots) for pub in pubs])
    about = {"execution": {"execution_spans": spans}, "version": 2}
    send(user_messenger, results.whole(answers, about, typed=asked.support_qiskit))


@dataclass(frozen=True)
class Pub:
    """A sampler PUB; values have shape ``(..., parameters)``."""

    circuit: circuits.PubCircuit
    values: Array
    shots: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the PUB."""
        return tuple(self.values.shape[:-1])

    @classmethod
    def of(cls, pub: list[Any], default: int, backend: Any) -> Pub:
        """Decode and validate a PUB."""
        circuit = circuits.from_json(pub[0])
        check_sampled(circuit.circuit, backend)
        values = arrays.values_from_json(pub[1] if len(pub) > 1 else None, circuit.names)
        shots = default if len(pub) < 3 or pub[2] is None else pub[2]
        return cls(circuit, values, checked_shots(shots))


def checked_shots(shots: Any) -> int:
    """Return the number of shots if it is valid."""
    if not isinstance(shots, int) or isinstance(shots, bool) or not 1 <= shots <= MOST_SHOTS:
        raise PubError(SHAPES, f"Shots must be an integer from 1 to {MOST_SHOTS}, not {shots!r}.")
    return shots


def check_sampled(circuit: QuantumCircuit, backend: Any) -> None:
    """Check that a circuit is ISA and has a classical register."""
    isa.check(circuit, document(backend))
    if not circuit.cregs:
        raise PubError(INVALID_CIRCUIT, "The circuit has no classical registers to sample.")


def document(backend: Any) -> dict[str, Any]:
    """Return the configuration document of a backend."""
    return catalog.configuration(backend.configuration().backend_name)


def ready(backend: Any, seed: int | None) -> TranspilingBackend:
    """Return a machine that runs circuits without transpiling them."""
    return TranspilingBackend(backend, Transpilation(skip=True), Run(None, seed))


def sampled(
    machine: TranspilingBackend, circuit: circuits.PubCircuit, values: Array, shots: int
) -> dict[str, Array]:
    """Run a circuit for each set of values.

    Returns:
        Bits of each register, of shape ``(..., shots, bits)``, bit 0 first.
    """
    rows = values.reshape(-1, values.shape[-1]) if values.shape[-1] else _rows(values.shape[:-1])
    (fitted,) = machine.transpile([circuit.circuit])
    angles = circuit.angles(rows)
    places = {
        register.name: [circuit.circuit.find_bit(bit).index for bit in register]
        for register in circuit.circuit.cregs
    }
    found: dict[str, list[Array]] = {name: [] for name in places}
    measures = any(item.operation.name == "measure" for item in fitted.data)
    for first in range(0, len(angles), AT_ONCE):
        points = angles[first : first + AT_ONCE] if measures else []
        for outcomes in machine.outcomes([fitted] * len(points), shots, points):
            bits = expand_shots(outcomes, machine.rng())
            for name, columns in places.items():
                found[name].append(bits[:, columns])
    shape = values.shape[:-1]
    empty = {
        name: np.zeros((*shape, shots, len(columns)), dtype=np.uint8)
        for name, columns in places.items()
    }
    return {
        name: np.stack(each).reshape(empty[name].shape) if each else empty[name]
        for name, each in found.items()
    }


def _rows(shape: tuple[int, ...]) -> Array:
    return np.zeros((int(np.prod(shape, dtype=int)), 0))


def expand_shots(outcomes: Outcomes, rng: np.random.Generator) -> Array:
    """Expand counts to shots in random order, of shape (shots, bits)."""
    repeated = np.repeat(outcomes.bits, outcomes.counts.astype(int), axis=0)
    return rng.permutation(repeated, axis=0)


def now() -> str:
    """Return the current time in ISO 8601."""
    return datetime.now(timezone.utc).isoformat()


def send(user_messenger: Any, result: dict[str, Any]) -> None:
    """Publish a JSON-compatible result as the final one."""
    user_messenger.publish(result, encoder=json.JSONEncoder, final=True)
