"""Decoder for results of the estimator program."""

from __future__ import annotations

from typing import Any

import numpy as np
from qiskit.primitives import EstimatorResult

from qiskit_ibm_runtime.exceptions import IBMRuntimeError
from qiskit_ibm_runtime.program.result_decoder import ResultDecoder


class EstimatorResultDecoder(ResultDecoder):
    """Decode the service's response to an ``EstimatorResult``.

    .. code-block:: python

        from qiskit_ibm_runtime.utils.estimator_result_decoder import EstimatorResultDecoder

        text = '{"values": [0.5], "metadata": [{"variance": 0.75, "shots": 100}]}'
        result = EstimatorResultDecoder.decode(text)
        assert result.values.tolist() == [0.5] and result.metadata[0]["variance"] == 0.75
    """

    @classmethod
    def decode(cls, raw_result: str) -> EstimatorResult:  # type: ignore[override]
        """Return expectation values of shape (circuits,), with metadata as received.

        Raises:
            IBMRuntimeError: If the response is not an estimator result, or the numbers of values
                and metadata differ.
        """
        data = super().decode(raw_result)
        if not isinstance(data, dict) or not {"values", "metadata"} <= set(data):
            raise IBMRuntimeError("Not an estimator result: expected 'values' and 'metadata'.")
        values, metadata = _numbers(data["values"]), data["metadata"]
        if values is None or values.ndim != 1 or not isinstance(metadata, list):
            raise IBMRuntimeError(
                "Not an estimator result: expected a list of numbers, and metadata."
            )
        if len(values) != len(metadata):
            raise IBMRuntimeError(
                f"The result has {len(values)} values but {len(metadata)} sets of metadata."
            )
        return EstimatorResult(values=values, metadata=metadata)


def _numbers(values: Any) -> np.ndarray[Any, Any] | None:
    """Return an array of floats or complex numbers; ``None`` for other values."""
    if isinstance(values, list) and not all(isinstance(x, (int, float, complex)) for x in values):
        return None
    array = np.asarray(values)
    if array.dtype.kind in "biu":  # some services write 1.0 as 1
        return array.astype(float)
    return array if array.dtype.kind in "fc" else None
