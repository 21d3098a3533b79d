"""Jobs for the program ``executor``, which runs circuits and knows of no primitives.

What primitives do beside is done here: observables are measured in the bases of their terms, and at
resilience level 1 readout errors are averaged over random flips and divided out: E. van den Berg,
Z. K. Minev and K. Temme, Phys. Rev. A 105, 032620 (2022).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from qiskit_ibm_runtime.exceptions import IBMInputValueError

from .encoding import packed, tensor
from .isa import Column, Isa, Step
from .primitives import QASM3, reading
from .qasm3 import to_qasm3
from .qpy13 import VERSION, to_qpy
from .recipe import Recipe

if TYPE_CHECKING:
    from .angles import Array
    from .runs import Group, Work

# Random flips over which readout errors are averaged, and the shots of each at least.
_FLIPS, _LEAST_SHOTS = 32, 64
_HIGHEST_LEVEL = 1
_Basis = dict[int, str]


def can_run(work: Work) -> bool:
    """Whether the executor can do what is asked for."""
    return work.program == "sampler" or work.level <= _HIGHEST_LEVEL


def params_of(work: Work, encoding: str) -> tuple[dict[str, Any], Recipe]:
    """Return the inputs of the job, and how its result is read.

    Args:
        work: What is asked for.
        encoding: How circuits are written, ``qpy`` or ``qasm3``.

    Raises:
        IBMInputValueError: If the executor cannot do it.
    """
    if not can_run(work):
        raise IBMInputValueError(
            f"The program 'executor' of the platform has no Estimator of resilience level "
            f"{work.level}: use level 0 or 1. channel='local' has all levels."
        )
    made = _Sampling(work) if work.program == "sampler" else _Estimating(work)
    program: dict[str, Any] = {
        "shots": made.shots,
        "circuits": _circuits(made.circuits, encoding),
        "items": [
            {
                "item_type": "circuit",
                "circuit_arguments": tensor(values),
                "shape": list(values.shape[:-1]),
                "chunk_size": "auto",
            }
            for values in made.values
        ],
        "meas_level": "classified",
        "passthrough_data": made.recipe.note(),
    }
    init = work.run_options.get("init_qubits")
    options = {"init_qubits": True if init is None else bool(init)}
    params = {"schema_version": "v2.0", "quantum_program": program, "options": options}
    return params, made.recipe


def _circuits(circuits: list[Isa], encoding: str) -> dict[str, Any]:
    if encoding == QASM3:
        return {"data": [to_qasm3(circuit) for circuit in circuits]}
    return {
        "b64_data": packed(to_qpy(circuits)),
        "qpy_version": VERSION,
        "num_programs": len(circuits),
    }


class _Sampling:
    """A sampler's circuits as they are."""

    def __init__(self, work: Work) -> None:
        self.shots = work.shots
        self.circuits = [group.transpiled.isa for group in work.groups]
        self.values = [group.values for group in work.groups]
        facts = [{"runs": group.runs, **reading(work, group)} for group in work.groups]
        self.recipe = Recipe("sampler", work.shots, facts)


class _Estimating:
    """The circuits of an estimator, each measured in the bases that its observables need."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._flips = min(_FLIPS, max(1, work.shots // _LEAST_SHOTS)) if work.level else 1
        self.shots = math.ceil(work.shots / self._flips)
        self.circuits: list[Isa] = []
        self.values: list[Array] = []
        self._random = np.random.default_rng()
        facts: list[dict[str, Any]] = []
        constants: dict[int, list[float]] = {}
        for group in work.groups:
            for basis, needed in _bases(group).items():
                measured = [qubit for qubit, _ in basis]
                if not measured:
                    for run, terms in needed.items():
                        number = sum(complex(c) for _, c in terms)
                        constants[run] = [number.real, number.imag]
                    continue
                facts.append(self._item(group, basis, needed))
        measured = sorted({qubit for fact in facts for qubit in fact["qubits"]})
        calibration = None
        if work.level and measured:
            calibration = len(self.circuits)
            facts.append(self._calibration(measured))
        if not self.circuits:  # nothing but numbers; a job needs a circuit all the same
            facts.append(self._calibration([0]))
        more = {"constants": [[run, *number] for run, number in constants.items()]}
        self.recipe = Recipe(
            "estimator",
            work.shots,
            facts,
            executed={"runs": work.size, "calibration": calibration, **more},
        )

    def _item(
        self, group: Group, basis: tuple[tuple[int, str], ...], needed: dict[int, Any]
    ) -> dict[str, Any]:
        isa = group.transpiled.isa
        qubits = [qubit for qubit, _ in basis]
        place = {run: number for number, run in enumerate(group.runs)}
        rows = group.values[[place[run] for run in needed]]
        steps = [*isa.steps, *self._turned(dict(basis))]
        terms = [
            [
                [[qubits.index(qubit) for qubit in support], number.real, number.imag]
                for support, number in found
            ]
            for found in needed.values()
        ]
        flips = self._add(isa._replace(steps=tuple(steps)), qubits, rows)
        return {"runs": list(needed), "qubits": qubits, "terms": terms, "flips": flips}

    def _calibration(self, qubits: list[int]) -> dict[str, Any]:
        empty = Isa(self._work.device.qubits, (), (), ())
        flips = self._add(empty, qubits, np.zeros((1, 0)))
        return {"runs": [], "qubits": qubits, "flips": flips}

    def _turned(self, basis: _Basis) -> list[Step]:
        """Return what turns each basis to that of the measurement."""
        steps = []
        fine = self._work.device.places_of("sx") is not False
        for qubit, letter in basis.items():
            if fine:
                if letter == "X":
                    steps.append(Step("rz", "RZGate", (qubit,), params=(math.pi / 2,)))
                if letter != "Z":
                    steps.append(Step("sx", "SXGate", (qubit,)))
            else:
                if letter == "Y":
                    steps.append(Step("sdg", "SdgGate", (qubit,)))
                if letter != "Z":
                    steps.append(Step("h", "HGate", (qubit,)))
        return steps

    def _add(self, isa: Isa, qubits: list[int], rows: Array) -> list[list[int]]:
        """Add a circuit that measures qubits; return for each flip which bits it turned over."""
        known = len(isa.angles)
        steps = list(isa.steps)
        if isa.steps:
            steps.append(Step("barrier", "Barrier", tuple(qubits)))
        flips = np.zeros((self._flips, len(qubits)), dtype=int)
        angles = isa.angles
        if self._flips > 1:
            flips = self._balanced(len(qubits))
            fine = self._work.device.places_of("sx") is not False
            turn = ("sx", "SXGate") if fine else ("h", "HGate")
            for number, qubit in enumerate(qubits):
                # sx rz(0) sx is a flip, sx rz(pi) sx is none; with h it is the other way round.
                steps.append(Step(*turn, (qubit,)))
                steps.append(Step("rz", "RZGate", (qubit,), params=(Column(known + number),)))
                steps.append(Step(*turn, (qubit,)))
            angles = (*angles, *([None] * len(qubits)))
            wanted = math.pi * (1 - flips if fine else flips)
            shape = (len(rows), self._flips)
            values = np.concatenate(
                [
                    np.broadcast_to(rows[:, None, :], (*shape, rows.shape[1])),
                    np.broadcast_to(wanted[None], (*shape, len(qubits))),
                ],
                axis=-1,
            )
        else:
            values = rows[:, None, :]
        for number, qubit in enumerate(qubits):
            steps.append(Step("measure", "Measure", (qubit,), (number,)))
        made = Isa(isa.qubits, (("r0", len(qubits)),), tuple(steps), angles)
        self.circuits.append(made)
        self.values.append(values)
        return flips.tolist()

    def _balanced(self, qubits: int) -> np.ndarray[Any, Any]:
        """Return random flips, each with its opposite: each qubit is flipped half the time."""
        half = self._random.integers(0, 2, (self._flips // 2, qubits))
        odd = self._random.integers(0, 2, (self._flips % 2, qubits))
        return np.concatenate([half, 1 - half, odd])


def _bases(
    group: Group,
) -> dict[tuple[tuple[int, str], ...], dict[int, list[tuple[tuple[int, ...], complex]]]]:
    """Return the bases to measure in, and the terms of each run that are read from each of them.

    A term joins the first basis that agrees with it on every qubit that both use.
    """
    positions = group.transpiled.positions
    bases: list[_Basis] = []
    needed: list[dict[int, list[tuple[tuple[int, ...], complex]]]] = []
    for run, observable in zip(group.runs, group.observables):
        for label, coefficient in zip(observable.paulis.to_labels(), observable.coeffs):
            letters = label.lstrip("-i")[::-1]
            term = {positions[n]: letter for n, letter in enumerate(letters) if letter != "I"}
            at = _joined(bases, term)
            if at == len(needed):
                needed.append({})
            its = (tuple(term), complex(coefficient))
            needed[at].setdefault(run, []).append(its)
    return {tuple(sorted(basis.items())): runs for basis, runs in zip(bases, needed)}


def _joined(bases: list[_Basis], term: _Basis) -> int:
    for number, basis in enumerate(bases):
        alone = not term or not basis
        if alone and bool(term) != bool(basis):
            continue  # constants are measured nowhere
        if all(basis.get(qubit, letter) == letter for qubit, letter in term.items()):
            basis.update(term)
            return number
    bases.append(dict(term))
    return len(bases) - 1
