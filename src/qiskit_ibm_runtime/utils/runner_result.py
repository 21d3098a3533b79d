"""Results of the circuit-runner program."""

from __future__ import annotations

import json
from typing import Any

from qiskit.exceptions import QiskitError
from qiskit.result import QuasiDistribution, Result

from qiskit_ibm_runtime.exceptions import IBMRuntimeError
from qiskit_ibm_runtime.program.result_decoder import ResultDecoder


class RunnerResult(Result, ResultDecoder):  # type: ignore[misc]
    """A ``Result`` that may contain quasi-probabilities.

    .. code-block:: python

        from qiskit import QuantumCircuit
        from qiskit_ibm_runtime import QiskitRuntimeService

        circuit = QuantumCircuit(1)
        circuit.h(0)
        circuit.measure_all()
        service = QiskitRuntimeService(channel="local")
        options = {"backend": "ibmq_qasm_simulator"}
        job = service.run("circuit-runner", {"circuits": circuit}, options=options)
        print(job.result().get_counts(0))
    """

    @classmethod
    def decode(cls, data: str | bytes) -> RunnerResult:
        """Decode a result from JSON.

        Raises:
            IBMRuntimeError: If the response is not a circuit-runner result.
        """
        try:
            return cls.from_dict(json.loads(data))  # type: ignore[no-any-return]
        except (AttributeError, KeyError, TypeError, ValueError) as exc:
            raise IBMRuntimeError(f"Not a circuit-runner result: {exc!r}") from exc

    def get_quasiprobabilities(self, experiment: Any = None) -> Any:
        """Return mitigated distributions.

        Args:
            experiment: Index or name of an experiment, or a list of them; all by default.

        Returns:
            One ``QuasiDistribution`` for one experiment, otherwise a list of them.

        Raises:
            QiskitError: If an experiment has no quasi-probabilities.
        """
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
        pairs = (data if isinstance(data, dict) else data.to_dict()).items()
        found = {_outcome(key): value for key, value in pairs}
        return QuasiDistribution(found, shots=experiment.shots)


def _outcome(key: str) -> int:
    """Parse an outcome; without a prefix it is hexadecimal, as in counts."""
    return int(key, 2 if key.startswith("0b") else 16)
