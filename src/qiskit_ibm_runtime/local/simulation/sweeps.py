"""Circuits with the points at which they run, bound by Aer where that is right.

To bind one circuit at a hundred points in Python takes as long as to simulate it. Aer does so while
it runs, for parameters of its own gates. Versions before 0.12.1 find these by their places among
what is not a barrier, and no version calls a condition, a phase, or a duration a gate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit import QiskitError
from qiskit.circuit import Parameter, ParameterExpression

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_FLOW = {"jump", "mark"}
_BOUND_HERE = {"cu", "delay"}
"""Of a controlled U, Aer would set the angles in the gate itself; durations it does not bind."""

Point = Mapping[Parameter, float]
"""A value for each parameter of a circuit; there may be values for others."""


@dataclass(frozen=True)
class Loaded:
    """A circuit as Aer is given it, with the values of each parameter that Aer is to bind."""

    circuit: QuantumCircuit
    binds: Mapping[Parameter, list[float]]


@dataclass(frozen=True)
class Sweep:
    """One circuit and the points at which it runs, in their order."""

    circuit: QuantumCircuit
    points: Sequence[Point] = ({},)

    @classmethod
    def each(
        cls,
        circuits: Sequence[QuantumCircuit],
        binds: Sequence[Mapping[Parameter, Sequence[float]]],
    ) -> list[Sweep]:
        """Circuits with the values of their parameters, as backends of Qiskit take them.

        Args:
            circuits: The circuits.
            binds: For each of them as many values of each parameter as it has points.

        Raises:
            ValueError: If there are not as many of the one as of the other.
        """
        if len(binds) != len(circuits):
            raise ValueError(
                f"There are {len(circuits)} circuits and {len(binds)} dictionaries of values in "
                "'parameter_binds'."
            )
        return [
            cls(circuit, [dict(zip(its, row)) for row in zip(*its.values())] if its else ({},))
            for circuit, its in zip(circuits, binds)
        ]

    def bound(self) -> list[QuantumCircuit]:
        """The circuit at each point; the same object at each if it has no parameters."""
        names = list(self.circuit.parameters)
        if not names:
            return [self.circuit] * len(self.points)
        return [
            self.circuit.assign_parameters({one: point[one] for one in names if one in point})
            for point in self.points
        ]

    def loaded(self) -> Loaded | None:
        """The circuit for Aer to bind; ``None`` if it must be bound here.

        It must be one that :func:`~.lowering.is_ready`, to be run without noise.
        """
        names = list(self.circuit.parameters)
        if not names or not _has_plain_parameters(self.circuit):
            return None
        try:
            table = np.array([[point[one] for one in names] for point in self.points])
        except KeyError:
            return None
        if table.ndim != 2 or table.dtype.kind not in "fiu":
            return None
        binds = dict(zip(names, table.T.astype(float).tolist()))
        try:
            return _without_expressions(self.circuit, binds)
        except (QiskitError, TypeError, ZeroDivisionError):  # an expression has no real value
            return None


def swept(
    circuits: Sequence[QuantumCircuit], points: Sequence[Point]
) -> tuple[list[Sweep], list[int]]:
    """Put the points of each circuit together; circuits are the same if they are one object.

    Returns:
        The sweeps, and which of the circuits each of their points belongs to.
    """
    places: dict[int, list[int]] = {}
    for place, circuit in enumerate(circuits):
        places.setdefault(id(circuit), []).append(place)
    sweeps = [Sweep(circuits[its[0]], [points[n] for n in its]) for its in places.values()]
    return sweeps, [n for its in places.values() for n in its]


def _has_plain_parameters(circuit: QuantumCircuit) -> bool:
    """Whether gates alone have parameters, and nothing depends on what was measured."""
    return not _is_free(circuit.global_phase) and not any(
        item.operation.name in _FLOW
        or getattr(item.operation, "condition", None) is not None
        or (item.operation.name in _BOUND_HERE and any(map(_is_free, item.operation.params)))
        for item in circuit.data
    )


def _is_free(value: Any) -> bool:
    return isinstance(value, ParameterExpression) and bool(value.parameters)


def _without_expressions(circuit: QuantumCircuit, binds: dict[Parameter, list[float]]) -> Loaded:
    """Replace each expression by a parameter of its own."""
    made, values = circuit.copy_empty_like(), dict(binds)

    def named(value: Any) -> Any:
        if not _is_free(value) or isinstance(value, Parameter):
            return value
        name = Parameter(f"expression_{len(values)}")
        values[name] = _values(value, binds)
        return name

    for item in circuit.data:
        operation = item.operation
        if operation.name == "barrier":
            continue
        if any(_is_free(one) and not isinstance(one, Parameter) for one in operation.params):
            operation = operation.copy()
            operation.params = [named(one) for one in operation.params]
        made._append(operation, item.qubits, item.clbits)
    return Loaded(made, {name: values[name] for name in made.parameters})


def _values(expression: ParameterExpression, binds: dict[Parameter, list[float]]) -> list[float]:
    """The values of an expression; most are linear, and need not be bound one by one."""
    names = list(expression.parameters)
    slopes = [expression.gradient(name) for name in names]
    if all(isinstance(slope, (int, float)) for slope in slopes):
        at_zero = float(expression.bind(dict.fromkeys(names, 0.0)))
        terms = [slope * np.array(binds[name]) for name, slope in zip(names, slopes)]
        return list((at_zero + sum(terms)).tolist())
    rows = zip(*(binds[name] for name in names))
    return [float(expression.bind(dict(zip(names, row)))) for row in rows]
