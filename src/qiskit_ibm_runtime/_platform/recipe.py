"""How the result of a job of today becomes the one of the V1 job that it was made of.

The recipe travels with the first circuit of the job, whose metadata (or comment) come back with the
result and with the job: the result of a job of the past can be read by any process.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from .encoding import unpacked
from .qasm3 import note_in
from .qpy13 import metadata_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEY = "qiskit_ibm_runtime_v1"


class Recipe(NamedTuple):
    """What was asked for.

    Attributes:
        program: ``sampler`` or ``estimator``.
        shots: How many times each circuit was to be run.
        pubs: For each PUB: of a sampler under ``runs`` the place of each row among all results, if
            there are several names and sizes of the ``registers``, if they differ from those of the
            platform under ``bits`` the places of the user's classical bits, and under ``errors``
            how often each of them is misread. Of an estimator under ``runs`` the same for each
            value, and under ``parts`` whether it is the real or the imaginary part, if one of them
            is imaginary.
        zne: Of an extrapolation the noise factors, the amplifier and the extrapolator.
        executed: Of an estimator's circuits that were run by the executor: how many ``runs`` there
            are, the number of the circuit that tells readout errors as ``calibration``, and
            ``constants``. Then each PUB holds the ``qubits`` that were measured, the ``terms`` of
            each run and which bits were turned over in ``flips``.
    """

    program: str
    shots: int
    pubs: list[dict[str, Any]]
    zne: dict[str, Any] | None = None
    executed: dict[str, Any] | None = None

    @property
    def size(self) -> int:
        """How many results there are."""
        return 1 + max((run for pub in self.pubs for run in pub["runs"]), default=-1)

    def note(self) -> dict[str, Any]:
        """Return the recipe as it travels."""
        return {KEY: self._asdict()}

    @classmethod
    def of_note(cls, note: Any) -> Recipe | None:
        """Read what travelled; ``None`` if it is something else."""
        found = note.get(KEY) if isinstance(note, dict) else None
        try:
            return cls(**found) if isinstance(found, dict) else None
        except TypeError:  # of another release
            return None


def recipe_in_params(params: Any) -> Recipe | None:
    """Find the recipe in the inputs of a job of today, ``None`` if it is not one of ours."""
    if not isinstance(params, dict):
        return None
    program = params.get("quantum_program")
    if isinstance(program, dict):
        return Recipe.of_note(program.get("passthrough_data"))
    try:
        circuit: Any = params["pubs"][0][0]
        if isinstance(circuit, str):
            return Recipe.of_note(json.loads(note_in(circuit) or "{}"))
        packed = circuit.get("__value__") or circuit["qpy"]
        return Recipe.of_note(metadata_in(unpacked(packed)))
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def recipe_in_result(pubs: Sequence[Mapping[str, Any]]) -> Recipe | None:
    """Find the recipe in the metadata of a result."""
    metadata = pubs[0].get("metadata") if pubs else None
    return Recipe.of_note(metadata.get("circuit_metadata")) if isinstance(metadata, dict) else None
