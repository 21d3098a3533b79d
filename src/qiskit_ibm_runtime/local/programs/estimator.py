"""The ``estimator`` program: expectation values of observables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.local.mitigation import levels
from qiskit_ibm_runtime.local.simulation import exact
from qiskit_ibm_runtime.local.simulation.observables import Observable, Prepared, collect_terms
from qiskit_ibm_runtime.local.simulation.transpiling_backend import TranspilingBackend

from . import parts
from .inputs import DEFAULT_SHOTS, PrimitiveInputs

if TYPE_CHECKING:
    from qiskit.quantum_info import SparsePauliOp

HIGHEST_LEVEL = 3


def main(backend: Any, user_messenger: Any, **inputs: Any) -> dict[str, Any]:
    """Estimate each observable on its circuit.

    Resilience level 1 corrects readout errors. Levels 2 and 3 also mitigate gate errors, by
    zero-noise extrapolation and by probabilistic error cancellation, respectively.
    """
    given = PrimitiveInputs.of(inputs, HIGHEST_LEVEL)
    estimation = Estimation(backend, given, *_operators(given, inputs))
    plan = estimation.plan()
    results = [estimation.part(n, plan[n]) for n in user_messenger.share(len(plan))]
    return results[0] if user_messenger.part is not None else parts.merge(results)


class Estimation:
    """Estimation of the expectation values of a job in parts, with shared preparations.

    Args:
        backend: The backend.
        given: Circuits, values and options.
        numbers: Number of the observable of each expectation value.
        operators: Observables by number.
    """

    def __init__(
        self,
        backend: Any,
        given: PrimitiveInputs,
        numbers: list[int],
        operators: dict[int, SparsePauliOp],
    ) -> None:
        self._given, self._numbers, self._operators = given, numbers, operators
        self._machine = TranspilingBackend(backend, given.transpilation, given.run)
        self._prepared: dict[int, Prepared] = {}
        self._observables: dict[int, Observable] = {}
        self._is_sampled = given.run.shots is not None
        self._shots = given.run.shots or DEFAULT_SHOTS

    def plan(self) -> list[list[parts.Piece]]:
        """Divide the job into parts."""
        if not self._is_sampled:  # an exact value has no groups
            return parts.plan([1] * len(self._numbers), 1)
        groups = [len(self._observable(number).groups) for number in self._numbers]
        weight = levels.circuits_of_a_group(self._machine, self._shots, self._given.resilience)
        return parts.plan(groups, weight)

    def part(self, number: int, pieces: list[parts.Piece]) -> dict[str, Any]:
        """Estimate the expectation values of one part."""
        self._machine.begin(number)
        for piece in pieces:
            self._check_width(piece.question)
        indices = self._given.indices
        exact_ones = self._with_exact_values({indices[piece.question] for piece in pieces})
        exactly = [p.question for p in pieces if indices[p.question] in exact_ones]
        questions: dict[int, levels.Expectation] = {}
        for piece in pieces:
            question = piece.question
            if indices[question] in exact_ones:
                continue
            asked_for = self._observable(self._numbers[question])
            if self._is_sampled:
                asked_for = asked_for.part(piece.first, piece.last)
            prepared, point = self._circuit(indices[question]), self._given.values[question]
            questions[question] = levels.Expectation(prepared, asked_for, point)
        answers = self._exact(exactly)
        found = levels.estimate(
            self._machine, list(questions.values()), self._shots, self._given.resilience
        )
        answers.update(zip(questions, found))
        asked = sorted(answers)
        return {
            "questions": asked,
            "values": [answers[question][0] for question in asked],
            "metadata": [answers[question][1] for question in asked],
        }

    def _check_width(self, question: int) -> None:
        number = self._numbers[question]
        width = self._given.circuits[self._given.indices[question]].num_qubits
        if self._operators[number].num_qubits != width:
            raise ValueError(
                f"Observable {number} has {self._operators[number].num_qubits} qubits, but its "
                f"circuit has {width}."
            )

    def _with_exact_values(self, indices: set[int]) -> set[int]:
        """Return those of some circuits whose values are computed exactly."""
        if self._is_sampled:
            return set()
        return {
            index
            for index in indices
            if exact.is_possible(self._machine, [self._circuit(index).circuit])
        }

    def _circuit(self, index: int) -> Prepared:
        if index not in self._prepared:
            self._prepared[index] = Prepared.of(self._machine, self._given.circuits[index])
        return self._prepared[index]

    def _observable(self, number: int) -> Observable:
        if number not in self._observables:
            self._observables[number] = Observable.of(self._operators[number])
        return self._observables[number]

    def _exact(self, questions: list[int]) -> dict[int, levels.Estimate]:
        """Compute exact values; each circuit is simulated once at each point."""
        asked: dict[int, dict[Any, list[int]]] = {}
        for question in questions:
            at_points = asked.setdefault(self._given.indices[question], {})
            point = tuple(self._given.values[question].items())
            at_points.setdefault(point, []).append(question)
        answers: dict[int, levels.Estimate] = {}
        for index, at_points in asked.items():
            prepared = self._circuit(index)
            found = exact.states_at(self._machine, prepared.circuit, list(map(dict, at_points)))
            for state, mine in zip(found, at_points.values()):
                answers.update({one: self._value(one, state, prepared) for one in mine})
        return answers

    def _value(self, question: int, state: exact.State, prepared: Prepared) -> levels.Estimate:
        operator = self._operators[self._numbers[question]]
        value, variance = state.value(operator, prepared.positions)
        about: dict[str, Any] = {"shots": None}
        if variance is not None:
            about["variance"] = variance
        return value if operator.coeffs.imag.any() else value.real, about


def _operators(
    given: PrimitiveInputs, inputs: dict[str, Any]
) -> tuple[list[int], dict[int, SparsePauliOp]]:
    """Return the number of the observable for each expectation value, and the observables.

    Raises:
        ValueError: If the numbers of circuits and observables do not match.
    """
    observables = inputs["observables"]
    if not isinstance(observables, (list, tuple)):
        observables = [observables]
    indices = inputs.get("observable_indices")
    indices = list(range(len(observables)) if indices is None else indices)
    if len(indices) != len(given.indices):
        raise ValueError(
            f"Expected one observable for each of {len(given.indices)} circuits, not "
            f"{len(indices)}."
        )
    made: dict[int, SparsePauliOp] = {}
    for number in indices:
        if not 0 <= number < len(observables):
            raise ValueError(
                f"Observable index {number} is out of range for {len(observables)} observables."
            )
        if number not in made:
            made[number] = collect_terms(observables[number])
    return list(indices), made
