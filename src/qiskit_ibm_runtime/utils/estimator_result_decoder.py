"""Results of the estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from qiskit.primitives import EstimatorResult

from qiskit_ibm_runtime.exceptions import IBMRuntimeError
from qiskit_ibm_runtime.program.result_decoder import ResultDecoder


class EstimatorResultDecoder(ResultDecoder):
    """Makes an ``EstimatorResult`` of the service's answer.

    .. code-block:: python

        from qiskit_ibm_runtime.utils.estimator_result_decoder import EstimatorResultDecoder

        text = '{"values": [0.5], "metadata": [{"variance": 0.75, "shots": 100}]}'
        result = EstimatorResultDecoder.decode(text)
        assert result.values.tolist() == [0.5] and result.metadata[0]["variance"] == 0.75
    """

    @classmethod
    def decode(cls, raw_result: str) -> EstimatorResult:  # type: ignore[override]
        """Return values as an array with one float per circuit, with metadata as received.

        Raises:
            IBMRuntimeError: If the answer is not that of an estimator, or loses count.
        """
        data = super().decode(raw_result)
        if not isinstance(data, dict) or not {"values", "metadata"} <= set(data):
            raise IBMRuntimeError(
                "The result is not that of an estimator: expected values and metadata."
            )
        values, metadata = _numbers(data["values"]), data["metadata"]
        if values is None or values.ndim != 1 or not isinstance(metadata, list):
            raise IBMRuntimeError(
                "The result is not that of an estimator: expected a list of numbers, and metadata."
            )
        if len(values) != len(metadata):
            raise IBMRuntimeError(
                f"The result holds {len(values)} values and {len(metadata)} sets of metadata."
            )
        return EstimatorResult(values=values, metadata=metadata)


def _numbers(values: Any) -> np.ndarray[Any, Any] | None:
    """Return an array of floats, or of complex numbers; ``None`` if it holds anything else."""
    if isinstance(values, list) and not all(isinstance(x, (int, float, complex)) for x in values):
        return None
    array = np.asarray(values)
    if array.dtype.kind in "biu":  # JSON has no whole floats: some services write 1.0 as 1
        return array.astype(float)
    return array if array.dtype.kind in "fc" else None
