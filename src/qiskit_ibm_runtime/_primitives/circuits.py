"""Circuits of a primitive: one form, and checks against layouts and the size of the backend."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit
from qiskit.circuit import Qubit
from qiskit.transpiler import Layout

from qiskit_ibm_runtime._circuits.final_measurements import unread_measurements
from qiskit_ibm_runtime.local.devices import sizes  # arithmetic only
from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel

from .index_lists import circuits_run, is_of_primitive
from .option_readers import SKIP_CHECKS, scalar

if TYPE_CHECKING:
    from collections.abc import Iterable


def as_circuits(given: Any) -> tuple[QuantumCircuit, ...]:
    """Return one circuit, or a sequence of them, as a tuple.

    Raises:
        TypeError: If it is anything else, or an element is no circuit.
        ValueError: If the sequence is empty.
    """
    if isinstance(given, QuantumCircuit):
        return (given,)
    if not isinstance(given, Sequence) or isinstance(given, (str, bytes)):
        raise TypeError(
            "'circuits' must be a QuantumCircuit or a sequence of them, "
            f"not {type(given).__name__}."
        )
    for index, circuit in enumerate(given):
        if not isinstance(circuit, QuantumCircuit):
            raise TypeError(
                f"Element {index} of 'circuits' must be a QuantumCircuit, "
                f"not {type(circuit).__name__}."
            )
    if not given:
        raise ValueError("'circuits' is empty: give at least one circuit.")
    return tuple(given)


def check_classical_bits(circuits: Sequence[QuantumCircuit]) -> None:
    """Check that each circuit has classical bits.

    Raises:
        ValueError: If one has no classical bits.
    """
    for index, circuit in enumerate(circuits):
        if circuit.num_clbits == 0:
            raise ValueError(
                f"Circuit {index} ({circuit.name!r}) has no classical bits to sample: "
                "measure it, for example with measure_all()."
            )


def warn_of_measurements(circuits: Sequence[QuantumCircuit]) -> None:
    """Warn once if circuits end in measurements, which an Estimator ignores."""
    for index, circuit in enumerate(circuits):
        if unread_measurements(circuit):
            warnings.warn(
                f"Circuit {index} ({circuit.name!r}) ends in measurements. The Estimator leaves "
                "them out, because it measures the observables itself; remove them with "
                "remove_final_measurements().",
                UserWarning,
                stacklevel=caller_stacklevel(),
            )
            return


@dataclass(frozen=True)
class Limits:
    """Size limits of a backend.

    Attributes:
        backend: Its name.
        qubits: How many it has; ``None`` if the service does not state it.
        shots: How many it takes in one run at most; ``None`` likewise.
        memory: Bytes of memory of a simulation that stands for a device; ``None`` of all others.
    """

    backend: str
    qubits: int | None
    shots: int | None
    memory: int | None = None

    @classmethod
    def of(cls, backend: str, configuration: Any) -> Limits:
        """Read the limits from a backend configuration."""
        if not isinstance(configuration, Mapping):
            return cls(backend, None, None)
        return cls(
            backend,
            _positive(configuration.get("n_qubits")),
            _positive(configuration.get("max_shots")),
            _positive(configuration.get("simulation_memory")),
        )


def check_limits(program_id: str, inputs: Any, limits: Limits | None) -> None:
    """Check the circuits and shots of a primitive against the size of its backend.

    Raises:
        ValueError: If a circuit has too many qubits, or there are too many shots, also for a
            simulation of the backend.
    """
    if limits is None or not is_of_primitive(program_id, inputs) or os.environ.get(SKIP_CHECKS):
        return
    for index, circuit in enumerate(circuits_run(inputs)):
        if limits.qubits is not None and circuit.num_qubits > limits.qubits:
            raise ValueError(
                f"Circuit {index} ({circuit.name!r}) has {circuit.num_qubits} qubits, but the "
                f"backend {limits.backend!r} has {limits.qubits}."
            )
    run_options = inputs.get("run_options")
    shots: Any = scalar(run_options.get("shots")) if isinstance(run_options, Mapping) else None
    if limits.shots is not None and isinstance(shots, (int, float)) and shots > limits.shots:
        raise ValueError(
            f"'shots' is {shots}, but the backend {limits.backend!r} takes at most "
            f"{limits.shots} in one run."
        )
    if limits.memory is not None:
        _check_sizes(circuits_run(inputs), shots, limits.memory)


def _check_sizes(circuits: list[QuantumCircuit], shots: Any, memory: int) -> None:
    for circuit in circuits:
        if circuit.num_qubits > sizes.NARROW:
            used = [item.qubits for item in circuit.data if item.operation.name != "barrier"]
            qubits = len({qubit for each in used for qubit in each})
            count = int(shots) if isinstance(shots, (int, float)) else 1
            reason = sizes.refusal(circuit.name, qubits, len(used), count, memory, noisy=True)
            if reason is not None:
                raise ValueError(reason)


def _positive(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def as_positions(layout: Any, circuits: Iterable[QuantumCircuit]) -> Any:
    """Return the physical qubit of each qubit of the circuits, in their order.

    Args:
        layout: A ``Layout``, a mapping between qubits and numbers in either direction, or a list of
            the qubits by place. Anything else is returned as it is.
        circuits: The circuits that share the layout.

    Raises:
        ValueError: If it misses a qubit, or the circuits differ in where it puts their qubits: one
            layout is sent for all of them.
    """
    places = _places(layout)
    if not places:
        return layout
    found: list[list[int]] = []
    for circuit in circuits:
        missing = [bit for bit in circuit.qubits if bit not in places]
        if missing:
            raise ValueError(
                f"'initial_layout' has no place for {missing[0]} of the circuit {circuit.name!r}."
            )
        positions = [places[bit] for bit in circuit.qubits]
        if positions not in found:
            found.append(positions)
    if len(found) > 1:
        raise ValueError(
            f"'initial_layout' stands for {found[0]} in one circuit and for {found[1]} in another. "
            "Run them apart, or give a list of numbers."
        )
    return found[0]


def check_places(transpilation: Mapping[str, Any], circuits: Iterable[QuantumCircuit]) -> None:
    """Check that a layout has one entry per qubit, as terra's transpiler requires.

    Args:
        transpilation: Options of the transpilation; a circuit that is not transpiled needs no
            layout.
        circuits: The circuits that share the layout.

    Raises:
        ValueError: If a circuit has another number of qubits.
    """
    layout = transpilation.get("initial_layout")
    if transpilation.get("skip_transpilation") or layout is None or isinstance(layout, Mapping):
        return
    for index, circuit in enumerate(circuits):
        # An empty layout is none to the later releases of terra.
        if len(layout) not in (0, circuit.num_qubits):
            raise ValueError(
                f"'initial_layout' has {len(layout)} places, but circuit {index} "
                f"({circuit.name!r}) has {circuit.num_qubits} qubits."
            )


def _places(layout: Any) -> dict[Any, Any]:
    if isinstance(layout, Layout):
        return dict(layout.get_virtual_bits())
    if isinstance(layout, Mapping):
        pairs = list(layout.items())
    elif isinstance(layout, Sequence):
        pairs = list(enumerate(layout))
    else:
        return {}
    places = {one: other for one, other in pairs if isinstance(one, Qubit)}
    places.update({other: one for one, other in pairs if isinstance(other, Qubit)})
    return places
