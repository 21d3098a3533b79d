"""Results of the estimator."""

from __future__ import annotations

import numpy as np
from qiskit.primitives import EstimatorResult

from qiskit_ibm_runtime.exceptions import IBMRuntimeError
from qiskit_ibm_runtime.program.result_decoder import ResultDecoder


class EstimatorResultDecoder(ResultDecoder):
    """Makes an ``EstimatorResult`` of the service's answer."""

    @classmethod
    def decode(cls, raw_result: str) -> EstimatorResult:  # type: ignore[override]
        """Return values as an array, with metadata as received."""
        data = super().decode(raw_result)
        if not isinstance(data, dict) or not {"values", "metadata"} <= set(data):
            raise IBMRuntimeError(
                "The result is not that of an estimator: expected values and metadata."
            )
        values = np.asarray(data["values"])
        if len(values) != len(data["metadata"]):
            raise IBMRuntimeError(
                f"The result holds {len(values)} values and "
                f"{len(data['metadata'])} sets of metadata."
            )
        return EstimatorResult(values=values, metadata=data["metadata"])
