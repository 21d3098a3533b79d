"""Runs of Aer with independent seeds, combined into one job.

When Aer simulates shot by shot, shot ``n`` of circuit ``j`` in a run has the seed
``s + 2113 j + n`` (observed in 0.12 to 0.14). Neighboring seeds would share most shots, and so
would circuits of one run with more than 2113 shots. Therefore seeds are hashed, and circuits with
more shots get separate runs and seeds, unless all their shots are sampled from one state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

import numpy as np
from qiskit.providers import JobStatus, JobV1
from qiskit.result.models import ExperimentResultData

from .lowering import END

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit import QuantumCircuit
    from qiskit.result import Result

    from .sweeps import Loaded

SHOTS_APART = 2113
"""Number of shots up to which the circuits of one run of Aer have independent samples."""

Seed = Union[int, "Sequence[int]", None]


def rng(seed: Seed) -> np.random.Generator:
    """Return a generator seeded by the seed, or by the system's entropy if it is ``None``."""
    return np.random.default_rng(_hashed(seed))


@dataclass(frozen=True)
class Batch:
    """Circuits to run on one simulator."""

    simulator: Any
    loaded: list[Loaded]

    def start(self, **options: Any) -> Any:
        """Start the simulator."""
        if any(one.binds for one in self.loaded):
            options["parameter_binds"] = [one.binds for one in self.loaded]
        return self.simulator.run(self._circuits(), **options)

    def _circuits(self) -> list[QuantumCircuit]:
        """Return the circuits; Aer 0.12.0 loses the metadata of an object that comes twice."""
        seen: set[int] = set()
        circuits = []
        for circuit in (one.circuit for one in self.loaded):
            circuits.append(circuit.copy() if circuit.metadata and id(circuit) in seen else circuit)
            seen.add(id(circuit))
        return circuits


def start(batches: list[Batch], shots: int, seed: Seed, **options: Any) -> SimulationJob:
    """Start simulating circuits, with independent random numbers for each batch."""
    seeds = _hashed(seed).generate_state(len(batches), np.uint64) >> np.uint64(1)
    jobs = [
        batch.start(shots=shots, seed_simulator=int(one), **options)
        for batch, one in zip(batches, seeds)
    ]
    return SimulationJob(batches[0].simulator, jobs, seed)


def _hashed(seed: Seed) -> np.random.SeedSequence:
    if seed is None:
        return np.random.SeedSequence()
    numbers = [seed] if isinstance(seed, (int, np.integer)) else seed
    # Aer accepts negative seeds, numpy does not.
    return np.random.SeedSequence([int(number) % 2**64 for number in numbers])


class SimulationJob(JobV1):  # type: ignore[misc]  # terra has no types
    """Several jobs of Aer with one combined result."""

    def __init__(self, simulator: Any, jobs: list[Any], seed: Seed) -> None:
        super().__init__(simulator, jobs[0].job_id())
        self._jobs, self._seed = jobs, seed
        self._result: Result | None = None

    def submit(self) -> None:
        """Do nothing; the simulation has been started."""

    def result(self, timeout: float | None = None) -> Result:
        """Wait for all circuits; each experiment reports the seed that the user gave."""
        if self._result is None:
            self._result = self._combine(timeout)
        return self._result

    def _combine(self, timeout: float | None) -> Result:
        results = [job.result(timeout) if timeout else job.result() for job in self._jobs]
        whole = results[0]
        whole.results = [experiment for result in results for experiment in result.results]
        failed = [result for result in results if not result.success]
        if failed:
            whole.success, whole.status = False, failed[0].status
        for experiment in whole.results:
            if hasattr(experiment.data, END):
                kept = experiment.data.to_dict()
                del kept[END]
                experiment.data = ExperimentResultData(**kept)
            if isinstance(self._seed, int):
                experiment._metadata["seed_simulator"] = self._seed
        return whole

    def status(self) -> JobStatus:
        """Return the status of the first job that has not ended, else of the last one."""
        statuses = [job.status() for job in self._jobs]
        return next((status for status in statuses if status is not JobStatus.DONE), statuses[-1])

    def cancel(self) -> bool:
        """Cancel what has not started."""
        canceled = [job.cancel() for job in self._jobs]
        return all(canceled)
