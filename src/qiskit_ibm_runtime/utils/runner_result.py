"""Results of the circuit runner."""

from __future__ import annotations

import json
from typing import Any

from qiskit.exceptions import QiskitError
from qiskit.result import QuasiDistribution, Result

from qiskit_ibm_runtime.program.result_decoder import ResultDecoder


class RunnerResult(Result, ResultDecoder):  # type: ignore[misc]
    """A ``Result`` that may hold quasi-probabilities."""

    @classmethod
    def decode(cls, data: str | bytes) -> RunnerResult:
        """Return the result behind plain JSON."""
        return cls.from_dict(json.loads(data))  # type: ignore[no-any-return]

    def get_quasiprobabilities(self, experiment: Any = None) -> Any:
        """Return mitigated distributions, of one experiment or of several."""
        if experiment is None:
            keys = list(range(len(self.results)))
        else:
            keys = list(experiment) if isinstance(experiment, list) else [experiment]
        dists = [self._quasi(key) for key in keys]
        return dists[0] if len(dists) == 1 else dists

    def _quasi(self, key: Any) -> QuasiDistribution:
        experiment = self._get_experiment(key)
        data = getattr(experiment.data, "quasiprobabilities", None)
        if data is None:
            raise QiskitError(f"No quasi-probabilities for experiment {key!r}.")
        bits = len(experiment.header.final_measurement_mapping)
        found = {
            int(k, 0): v for k, v in (data if isinstance(data, dict) else data.to_dict()).items()
        }
        return QuasiDistribution(
            {n: found.get(n, 0.0) for n in range(2**bits)}, shots=experiment.shots
        )
