"""Results of the sampler."""

from __future__ import annotations

import math
import re
from typing import Any

from qiskit.primitives import SamplerResult
from qiskit.result import QuasiDistribution

from qiskit_ibm_runtime.exceptions import IBMRuntimeError
from qiskit_ibm_runtime.program.result_decoder import ResultDecoder


class SamplerResultDecoder(ResultDecoder):
    """Makes a ``SamplerResult`` of the service's answer."""

    @classmethod
    def decode(cls, raw_result: str) -> SamplerResult:  # type: ignore[override]
        """Return distributions over integers, with metadata as received."""
        data = super().decode(raw_result)
        if not isinstance(data, dict) or not {"quasi_dists", "metadata"} <= set(data):
            raise IBMRuntimeError(
                "The result is not that of a sampler: expected quasi_dists and metadata."
            )
        dists, metadata = data["quasi_dists"], data["metadata"]
        if len(dists) != len(metadata):
            raise IBMRuntimeError(
                f"The result holds {len(dists)} distributions and {len(metadata)} sets of metadata."
            )
        return SamplerResult([_distribution(d, m) for d, m in zip(dists, metadata)], metadata)


def _distribution(dist: dict[str, float], metadata: dict[str, Any]) -> QuasiDistribution:
    shots = metadata.get("shots", math.inf)
    overhead = metadata.get("readout_mitigation_overhead", 1.0)
    bound = math.sqrt(overhead / shots) if shots else None
    decimal = any(re.fullmatch(r"\d*[2-9]\d*", key) for key in dist)
    return QuasiDistribution(
        {_key(key, decimal): value for key, value in dist.items()},
        shots=shots,
        stddev_upper_bound=bound,
    )


def _key(key: str, decimal: bool) -> int:
    if key.startswith(("0x", "0b")):
        return int(key, 0)
    return int(key, 10 if decimal else 2)
