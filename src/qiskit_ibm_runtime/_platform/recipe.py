"""Recipe for converting the result of a V2 job back to a V1 result.

The recipe travels in the metadata (or comment) of the job's first circuit. The service returns it
with the job and with its result, so any process can read the results of earlier jobs.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from .encoding import decompress
from .qasm3 import read_comment
from .qpy13 import read_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEY = "qiskit_ibm_runtime_v1"


class Recipe(NamedTuple):
    """What a V1 run requested, and how its V2 job is laid out.

    Attributes:
        program: ``sampler`` or ``estimator``.
        shots: Requested number of shots per circuit.
        pubs: Facts about each PUB. ``runs`` maps each row (sampler) or value (estimator) to its
            index in the V1 result. A sampler may add ``registers`` (names and sizes, if there are
            several), ``bits`` (indices of the user's classical bits, if they differ from the
            platform's) and ``errors`` (readout errors of each bit). An estimator adds ``parts``
            (``re`` or ``im`` for each value) if any part is imaginary.
        zne: Noise factors, amplifier and extrapolator of zero-noise extrapolation.
        executed: Facts about an estimator run by the executor program: number of ``runs``, index
            of the readout ``calibration`` circuit, and ``constants``. Each PUB then has the
            measured ``qubits``, the ``terms`` of each run, and the bits inverted by ``flips``.
    """

    program: str
    shots: int
    pubs: list[dict[str, Any]]
    zne: dict[str, Any] | None = None
    executed: dict[str, Any] | None = None

    @property
    def size(self) -> int:
        """Number of results in the V1 result."""
        return 1 + max((run for pub in self.pubs for run in pub["runs"]), default=-1)

    def note(self) -> dict[str, Any]:
        """Return the recipe as circuit metadata."""
        return {KEY: self._asdict()}

    @classmethod
    def from_note(cls, note: Any) -> Recipe | None:
        """Create a recipe from circuit metadata; ``None`` if it contains none."""
        found = note.get(KEY) if isinstance(note, dict) else None
        try:
            return cls(**found) if isinstance(found, dict) else None
        except TypeError:  # written by another release
            return None


def recipe_in_params(params: Any) -> Recipe | None:
    """Find the recipe in the params of a V2 job; ``None`` if this package did not submit it."""
    if not isinstance(params, dict):
        return None
    program = params.get("quantum_program")
    if isinstance(program, dict):
        return Recipe.from_note(program.get("passthrough_data"))
    try:
        circuit: Any = params["pubs"][0][0]
        if isinstance(circuit, str):
            return Recipe.from_note(json.loads(read_comment(circuit) or "{}"))
        qpy = circuit.get("__value__") or circuit["qpy"]
        return Recipe.from_note(read_metadata(decompress(qpy)))
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def recipe_in_result(pubs: Sequence[Mapping[str, Any]]) -> Recipe | None:
    """Find the recipe in the metadata of a result, or return ``None``."""
    metadata = pubs[0].get("metadata") if pubs else None
    return (
        Recipe.from_note(metadata.get("circuit_metadata")) if isinstance(metadata, dict) else None
    )
