"""Results of the sampler."""

from __future__ import annotations

import math
import re
from numbers import Real
from typing import Any

from qiskit.primitives import SamplerResult
from qiskit.result import QuasiDistribution

from qiskit_ibm_runtime._codecs.limits import check_hashes
from qiskit_ibm_runtime.exceptions import IBMRuntimeError
from qiskit_ibm_runtime.program.result_decoder import ResultDecoder

_KEY = re.compile(r"0x[0-9a-fA-F]+|0b[01]+|[0-9]+")
_SAFE_WIDTH = 60  # in bits: no two numbers below 2**61 - 1 have one hash
_BITS = re.compile(r"[01]+")
_FOUND_ONLY_IN_DECIMAL = re.compile(r"\d*[2-9]\d*")


class SamplerResultDecoder(ResultDecoder):
    """Makes a ``SamplerResult`` of the service's answer.

    .. code-block:: python

        from qiskit_ibm_runtime.utils.sampler_result_decoder import SamplerResultDecoder

        text = '{"quasi_dists": [{"00": 0.5, "11": 0.5}], "metadata": [{"shots": 100}]}'
        dist = SamplerResultDecoder.decode(text).quasi_dists[0]
        assert dist == {0: 0.5, 3: 0.5} and dist.shots == 100
        assert dist.binary_probabilities() == {"00": 0.5, "11": 0.5}
    """

    @classmethod
    def decode(cls, raw_result: str) -> SamplerResult:  # type: ignore[override]
        """Return distributions over integers, with metadata as received.

        A distribution knows its shots and an upper bound of its standard deviation,
        ``sqrt(readout_mitigation_overhead / shots)``; both are unknown if the metadata lack shots.
        Keys may be bit strings, which give the distribution its width, hexadecimal or binary
        numbers with a prefix, or decimal numbers; registers may be of any width.

        Raises:
            IBMRuntimeError: If the answer is not that of a sampler, or loses count.
        """
        data = super().decode(raw_result)
        if not isinstance(data, dict) or not {"quasi_dists", "metadata"} <= set(data):
            raise IBMRuntimeError(
                "The result is not that of a sampler: expected quasi_dists and metadata."
            )
        dists, metadata = data["quasi_dists"], data["metadata"]
        if not isinstance(dists, list) or not isinstance(metadata, list):
            raise IBMRuntimeError("The result is not that of a sampler: expected two lists.")
        if len(dists) != len(metadata):
            raise IBMRuntimeError(
                f"The result holds {len(dists)} distributions and {len(metadata)} sets of metadata."
            )
        made = []
        for index, facts in enumerate(metadata):
            made.append(_distribution(dists[index], facts, index))
            dists[index] = None  # a large result is not held twice
        return SamplerResult(made, metadata)


def _distribution(dist: Any, metadata: Any, index: int) -> QuasiDistribution:
    if not isinstance(dist, dict) or not isinstance(metadata, dict):
        raise IBMRuntimeError(
            f"Distribution {index} of the result, or its metadata, is not an object."
        )
    if not all(issubclass(kind, Real) for kind in set(map(type, dist.values()))):
        raise IBMRuntimeError(
            f"Distribution {index} of the result holds a value that is not a number."
        )
    shots = metadata.get("shots", math.inf)
    overhead = metadata.get("readout_mitigation_overhead", 1.0)
    try:
        bound = math.sqrt(overhead / shots) if shots else None
    except (TypeError, ValueError) as error:
        raise IBMRuntimeError(
            f"Metadata {index} of the result are not those of a sampler: shots are {shots!r}, and "
            f"readout_mitigation_overhead is {overhead!r}."
        ) from error
    return QuasiDistribution(_with_keys_of_one_form(dist), shots=shots, stddev_upper_bound=bound)


def _with_keys_of_one_form(dist: dict[str, float]) -> dict[Any, float]:
    """Return bit strings as they are, because they tell the width; other keys as integers.

    JSON makes texts of integer keys. A digit above 1 in any key tells such a distribution from
    bit strings; without one, keys are bit strings.
    """
    uniform = _are_bit_strings_of_one_width(dist)
    if uniform and len(next(iter(dist))) <= _SAFE_WIDTH:
        return dict(dist)
    prefixed = not uniform and any(key.startswith(("0x", "0b")) for key in dist)
    decimal = not uniform and any(_FOUND_ONLY_IN_DECIMAL.fullmatch(key) for key in dist)
    outcomes = [_number(key, decimal) for key in dist]
    check_hashes(outcomes)
    if len(set(outcomes)) < len(dist):
        raise IBMRuntimeError("The result holds a distribution that names an outcome twice.")
    return dict(zip(outcomes, dist.values())) if prefixed or decimal else dict(dist)


def _are_bit_strings_of_one_width(dist: dict[str, float]) -> bool:
    """Return whether keys are what services send, in two glances at all instead of one at each."""
    widths = set(map(len, dist))
    return len(widths) == 1 and 0 not in widths and bool(_BITS.fullmatch("".join(dist)))


def _number(key: str, decimal: bool) -> int:
    try:
        if not _KEY.fullmatch(key):  # `int` takes signs, spaces and underscores too
            raise ValueError(key)  # noqa: TRY301 - refused like a digit that does not belong
        if key.startswith(("0x", "0b")):
            return int(key, 0)
        return int(key, 10 if decimal else 2)
    except ValueError:
        raise IBMRuntimeError(
            f"The result holds a distribution with the key {key!r}; expected bit strings, or "
            "hexadecimal, binary or decimal numbers."
        ) from None
