"""Params of jobs for the program ``executor``, which runs circuits without being a primitive.

This module adds the work of a primitive: it measures observables in the bases of their terms, and
at resilience level 1 mitigates readout errors with random bit flips (TREX): E. van den Berg, Z. K.
Minev and K. Temme, Phys. Rev. A 105, 032620 (2022), https://doi.org/10.1103/PhysRevA.105.032620.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from qiskit_ibm_runtime.exceptions import IBMInputValueError

from .encoding import compress, encode_tensor
from .isa import Column, Isa, Step
from .primitives import QASM3, outcome_layout
from .qasm3 import to_qasm3
from .qpy13 import VERSION, to_qpy
from .recipe import Recipe

if TYPE_CHECKING:
    from .angles import Array
    from .workload import CircuitGroup, Workload

# Number of random flips to average readout errors over, and minimum number of shots for each.
_FLIPS, _LEAST_SHOTS = 32, 64
_HIGHEST_LEVEL = 1
_Basis = dict[int, str]


def can_run(work: Workload) -> bool:
    """Whether the executor program supports the workload."""
    return work.program == "sampler" or work.level <= _HIGHEST_LEVEL


def build_params(work: Workload, encoding: str) -> tuple[dict[str, Any], Recipe]:
    """Return the params of the job, and the recipe for reading its result.

    Args:
        work: What to run.
        encoding: Encoding of circuits, ``qpy`` or ``qasm3``.

    Raises:
        IBMInputValueError: If the executor program does not support the workload.
    """
    if not can_run(work):
        raise IBMInputValueError(
            f"The program 'executor' does not support Estimator runs at resilience level "
            f"{work.level}: use level 0 or 1. channel='local' has all levels."
        )
    made = _SamplerProgram(work) if work.program == "sampler" else _EstimatorProgram(work)
    program: dict[str, Any] = {
        "shots": made.shots,
        "circuits": _circuits(made.circuits, encoding),
        "items": [
            {
                "item_type": "circuit",
                "circuit_arguments": encode_tensor(values),
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
        "b64_data": compress(to_qpy(circuits)),
        "qpy_version": VERSION,
        "num_programs": len(circuits),
    }


class _SamplerProgram:
    """Circuits of a sampler, unchanged."""

    def __init__(self, work: Workload) -> None:
        self.shots = work.shots
        self.circuits = [group.transpiled.isa for group in work.groups]
        self.values = [group.values for group in work.groups]
        facts = [{"runs": group.runs, **outcome_layout(work, group)} for group in work.groups]
        self.recipe = Recipe("sampler", work.shots, facts)


class _EstimatorProgram:
    """Circuits of an estimator, each measured in the bases that its observables need."""

    def __init__(self, work: Workload) -> None:
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
        if not self.circuits:  # all observables are constants, but a job needs a circuit
            facts.append(self._calibration([0]))
        more = {"constants": [[run, *number] for run, number in constants.items()]}
        self.recipe = Recipe(
            "estimator",
            work.shots,
            facts,
            executed={"runs": work.size, "calibration": calibration, **more},
        )

    def _item(
        self, group: CircuitGroup, basis: tuple[tuple[int, str], ...], needed: dict[int, Any]
    ) -> dict[str, Any]:
        isa = group.transpiled.isa
        qubits = [qubit for qubit, _ in basis]
        place = {run: number for number, run in enumerate(group.runs)}
        rows = group.values[[place[run] for run in needed]]
        steps = [*isa.steps, *self._basis_rotations(dict(basis))]
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

    def _basis_rotations(self, basis: _Basis) -> list[Step]:
        """Return gates that rotate each basis to the measurement basis."""
        steps = []
        has_sx = self._work.device.places_of("sx") is not False
        for qubit, letter in basis.items():
            if has_sx:
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
        """Add a circuit that measures qubits, and return the bits that each flip inverts."""
        known = len(isa.angles)
        steps = list(isa.steps)
        if isa.steps:
            steps.append(Step("barrier", "Barrier", tuple(qubits)))
        flips = np.zeros((self._flips, len(qubits)), dtype=int)
        angles = isa.angles
        if self._flips > 1:
            flips = self._balanced_flips(len(qubits))
            has_sx = self._work.device.places_of("sx") is not False
            turn = ("sx", "SXGate") if has_sx else ("h", "HGate")
            for number, qubit in enumerate(qubits):
                # sx rz(0) sx flips the bit and sx rz(pi) sx does not; h rz h is the opposite.
                steps.append(Step(*turn, (qubit,)))
                steps.append(Step("rz", "RZGate", (qubit,), params=(Column(known + number),)))
                steps.append(Step(*turn, (qubit,)))
            angles = (*angles, *([None] * len(qubits)))
            wanted = math.pi * (1 - flips if has_sx else flips)
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

    def _balanced_flips(self, qubits: int) -> np.ndarray[Any, Any]:
        """Return random flips paired with their inverses, so each qubit flips half the time."""
        half = self._random.integers(0, 2, (self._flips // 2, qubits))
        odd = self._random.integers(0, 2, (self._flips % 2, qubits))
        return np.concatenate([half, 1 - half, odd])


def _bases(
    group: CircuitGroup,
) -> dict[tuple[tuple[int, str], ...], dict[int, list[tuple[tuple[int, ...], complex]]]]:
    """Return the measurement bases, and for each the terms of each run to compute from it.

    A term joins the first basis that agrees with it on every qubit they share.
    """
    positions = group.transpiled.positions
    bases: list[_Basis] = []
    needed: list[dict[int, list[tuple[tuple[int, ...], complex]]]] = []
    for run, observable in zip(group.runs, group.observables):
        for label, coefficient in zip(observable.paulis.to_labels(), observable.coeffs):
            letters = label.lstrip("-i")[::-1]
            term = {positions[n]: letter for n, letter in enumerate(letters) if letter != "I"}
            at = _basis_for(bases, term)
            if at == len(needed):
                needed.append({})
            its = (tuple(term), complex(coefficient))
            needed[at].setdefault(run, []).append(its)
    return {tuple(sorted(basis.items())): runs for basis, runs in zip(bases, needed)}


def _basis_for(bases: list[_Basis], term: _Basis) -> int:
    for number, basis in enumerate(bases):
        alone = not term or not basis
        if alone and bool(term) != bool(basis):
            continue  # constants are not measured
        if all(basis.get(qubit, letter) == letter for qubit, letter in term.items()):
            basis.update(term)
            return number
    bases.append(dict(term))
    return len(bases) - 1
