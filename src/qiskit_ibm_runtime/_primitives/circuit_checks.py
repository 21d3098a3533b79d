"""Checks of circuits against the size of their backend, and against a layout.

A layout that refers to qubits of the circuits becomes a list of physical qubits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qiskit.circuit import Qubit
from qiskit.transpiler import Layout

from qiskit_ibm_runtime.local.devices import sizes  # arithmetic only

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qiskit import QuantumCircuit


@dataclass(frozen=True)
class BackendLimits:
    """Size limits of a backend.

    Attributes:
        backend: Name of the backend.
        qubits: Number of qubits; ``None`` if unknown.
        shots: Maximum number of shots per run; ``None`` if unknown.
        memory: Memory in bytes of a simulated device; ``None`` for other backends.
    """

    backend: str
    qubits: int | None
    shots: int | None
    memory: int | None = None

    @classmethod
    def of(cls, backend: str, configuration: Any) -> BackendLimits:
        """Read the limits from a backend configuration."""
        if not isinstance(configuration, Mapping):
            return cls(backend, None, None)
        return cls(
            backend,
            _positive(configuration.get("n_qubits")),
            _positive(configuration.get("max_shots")),
            _positive(configuration.get("simulation_memory")),
        )


def check_circuits(
    circuits: Sequence[QuantumCircuit], sent: Mapping[str, Any], limits: BackendLimits | None
) -> None:
    """Check the circuits of a primitive against their layout and the size of the backend.

    Args:
        circuits: The circuits to run.
        sent: Inputs of the primitive, with options as they are sent.
        limits: Limits of the backend, if known.

    Raises:
        ValueError: If a layout does not match its circuit, or a circuit or the number of shots is
            too large for the backend or its simulation.
    """
    _check_places(_section(sent, "transpilation_settings"), circuits)
    if limits is not None:
        _check_limits(circuits, _section(sent, "run_options").get("shots"), limits)


def _section(inputs: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = inputs.get(name)
    return found if isinstance(found, Mapping) else {}


def _check_limits(circuits: Sequence[QuantumCircuit], shots: Any, limits: BackendLimits) -> None:
    for index, circuit in enumerate(circuits):
        if limits.qubits is not None and circuit.num_qubits > limits.qubits:
            raise ValueError(
                f"Circuit {index} ({circuit.name!r}) has {circuit.num_qubits} qubits, but the "
                f"backend {limits.backend!r} has {limits.qubits}."
            )
    if limits.shots is not None and isinstance(shots, (int, float)) and shots > limits.shots:
        raise ValueError(
            f"'shots' is {shots}, but the backend {limits.backend!r} allows at most "
            f"{limits.shots} per run."
        )
    if limits.memory is not None:
        _check_sizes(circuits, shots, limits.memory)


def _check_sizes(circuits: Sequence[QuantumCircuit], shots: Any, memory: int) -> None:
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


def with_positions(
    inputs: Mapping[str, Any], circuits: Sequence[QuantumCircuit]
) -> Mapping[str, Any]:
    """Return inputs of a primitive with a layout that lists physical qubits in circuit order.

    Args:
        inputs: The inputs. A layout that is a ``Layout``, a mapping between qubits and integers in
            either direction, or a list of qubits is converted; others are unchanged.
        circuits: The circuits that share the layout.

    Raises:
        ValueError: If the layout lacks a qubit, or differs between circuits, because only one
            layout can be sent.
    """
    transpilation = _section(inputs, "transpilation_settings")
    places = _places(transpilation.get("initial_layout"))
    if not places or not circuits:
        return inputs
    layout = _positions(places, circuits)
    return {**inputs, "transpilation_settings": {**transpilation, "initial_layout": layout}}


def _positions(places: Mapping[Any, Any], circuits: Iterable[QuantumCircuit]) -> list[int]:
    found: list[list[int]] = []
    for circuit in circuits:
        missing = [bit for bit in circuit.qubits if bit not in places]
        if missing:
            raise ValueError(
                f"'initial_layout' lacks {missing[0]} of the circuit {circuit.name!r}."
            )
        positions = [places[bit] for bit in circuit.qubits]
        if positions not in found:
            found.append(positions)
    if len(found) > 1:
        raise ValueError(
            f"'initial_layout' means {found[0]} for one circuit and {found[1]} for another. Run "
            "these circuits separately, or use a list of integers."
        )
    return found[0]


def _check_places(transpilation: Mapping[str, Any], circuits: Iterable[QuantumCircuit]) -> None:
    """Check that a layout has one entry per qubit, as terra's transpiler requires."""
    layout = transpilation.get("initial_layout")
    # A circuit that is not transpiled needs no layout.
    if transpilation.get("skip_transpilation") or layout is None or isinstance(layout, Mapping):
        return
    for index, circuit in enumerate(circuits):
        # Later releases of terra ignore an empty layout.
        if len(layout) not in (0, circuit.num_qubits):
            raise ValueError(
                f"'initial_layout' has {len(layout)} entries, but circuit {index} "
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
