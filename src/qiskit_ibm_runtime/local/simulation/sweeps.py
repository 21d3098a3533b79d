"""Circuits with the parameter values at which they run, bound by Aer where this is correct.

Binding a circuit at a hundred points in Python takes as long as simulating it. Aer can bind
parameters of its gates at run time. Versions before 0.12.1 locate gates by their index without
barriers, and no version binds parameters of conditions, global phases or durations.
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
"""Gates that Aer binds incorrectly: it modifies ``cu`` in place, and ignores durations."""

Point = Mapping[Parameter, float]
"""Value of each parameter of a circuit; values of other parameters are ignored."""


@dataclass(frozen=True)
class Loaded:
    """Circuit to pass to Aer, with values of the parameters that Aer binds."""

    circuit: QuantumCircuit
    binds: Mapping[Parameter, list[float]]


@dataclass(frozen=True)
class Sweep:
    """Circuit and the points at which it runs, in order."""

    circuit: QuantumCircuit
    points: Sequence[Point] = ({},)

    @classmethod
    def each(
        cls,
        circuits: Sequence[QuantumCircuit],
        binds: Sequence[Mapping[Parameter, Sequence[float]]],
    ) -> list[Sweep]:
        """Create sweeps from circuits and values in the format of Qiskit backends.

        Args:
            circuits: The circuits.
            binds: For each circuit, a list of values (one per point) for each parameter.

        Raises:
            ValueError: If the lengths differ, or a list of values is empty.
        """
        if len(binds) != len(circuits):
            raise ValueError(
                f"'parameter_binds' must have a dict for each of {len(circuits)} circuits, not "
                f"{len(binds)}."
            )
        for circuit, its in zip(circuits, binds):
            lengths = {len(values) for values in its.values()}
            if len(lengths) > 1 or 0 in lengths:
                raise ValueError(
                    f"'parameter_binds' must have equally many values, at least one, for each "
                    f"parameter of circuit {circuit.name!r}."
                )
        return [
            cls(circuit, [dict(zip(its, row)) for row in zip(*its.values())] if its else ({},))
            for circuit, its in zip(circuits, binds)
        ]

    def bind(self) -> list[QuantumCircuit]:
        """Return the bound circuit at each point; the same object if it has no parameters."""
        names = list(self.circuit.parameters)
        if not names:
            return [self.circuit] * len(self.points)
        return [
            self.circuit.assign_parameters({one: point[one] for one in names if one in point})
            for point in self.points
        ]

    def load(self) -> Loaded | None:
        """Return the circuit for Aer to bind, or ``None`` if it must be bound here.

        The circuit must satisfy :func:`~.lowering.is_ready` and be run without noise.
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
            loaded = _without_expressions(self.circuit, binds)
        except (ArithmeticError, QiskitError, RuntimeError, TypeError, ValueError):
            return None  # an expression has no real value, or symengine cannot differentiate it
        # Binding here refuses infinite values.
        return loaded if np.isfinite(list(loaded.binds.values())).all() else None


def group_by_circuit(
    circuits: Sequence[QuantumCircuit], points: Sequence[Point]
) -> tuple[list[Sweep], list[int]]:
    """Group points by circuit, compared by identity.

    Returns:
        The sweeps, and the index of the circuit for each of their points.
    """
    places: dict[int, list[int]] = {}
    for place, circuit in enumerate(circuits):
        places.setdefault(id(circuit), []).append(place)
    sweeps = [Sweep(circuits[its[0]], [points[n] for n in its]) for its in places.values()]
    return sweeps, [n for its in places.values() for n in its]


def _has_plain_parameters(circuit: QuantumCircuit) -> bool:
    """Return whether only gates have parameters, and the circuit has no conditions or jumps."""
    return not _is_free(circuit.global_phase) and not any(
        item.operation.name in _FLOW
        or getattr(item.operation, "condition", None) is not None
        or (item.operation.name in _BOUND_HERE and any(map(_is_free, item.operation.params)))
        for item in circuit.data
    )


def _is_free(value: Any) -> bool:
    return isinstance(value, ParameterExpression) and bool(value.parameters)


def _without_expressions(circuit: QuantumCircuit, binds: dict[Parameter, list[float]]) -> Loaded:
    """Replace each parameter expression by a new parameter."""
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
    """Evaluate an expression at all points; linear ones are vectorized."""
    names = list(expression.parameters)
    slopes = [expression.gradient(name) for name in names]
    if all(isinstance(slope, (int, float)) for slope in slopes):
        at_zero = float(expression.bind(dict.fromkeys(names, 0.0)))
        terms = [slope * np.array(binds[name]) for name, slope in zip(names, slopes)]
        return list((at_zero + sum(terms)).tolist())
    rows = zip(*(binds[name] for name in names))
    return [float(expression.bind(dict(zip(names, row)))) for row in rows]
