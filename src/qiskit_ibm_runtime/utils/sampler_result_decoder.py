"""Decoder for results of the sampler program."""

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
_SAFE_WIDTH = 60  # in bits: integers below 2**61 - 1 have distinct hashes
_BITS = re.compile(r"[01]+")
_DECIMAL_ONLY = re.compile(r"\d*[2-9]\d*")


class SamplerResultDecoder(ResultDecoder):
    """Decode the service's response to a ``SamplerResult``.

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

        Each distribution has its ``shots`` and the upper bound
        ``sqrt(readout_mitigation_overhead / shots)`` of its standard deviation. Without shots in
        the metadata, ``shots`` is infinite and the bound is 0. Keys may be bit strings (whose
        length gives the width of the distribution), prefixed hexadecimal or binary numbers, or
        decimal numbers. Registers may have any width.

        Raises:
            IBMRuntimeError: If the response is not a sampler result, or the numbers of
                distributions and metadata differ.
        """
        data = super().decode(raw_result)
        if not isinstance(data, dict) or not {"quasi_dists", "metadata"} <= set(data):
            raise IBMRuntimeError("Not a sampler result: expected 'quasi_dists' and 'metadata'.")
        dists, metadata = data["quasi_dists"], data["metadata"]
        if not isinstance(dists, list) or not isinstance(metadata, list):
            raise IBMRuntimeError(
                "Not a sampler result: expected 'quasi_dists' and 'metadata' to be lists."
            )
        if len(dists) != len(metadata):
            raise IBMRuntimeError(
                f"The result has {len(dists)} distributions but {len(metadata)} sets of metadata."
            )
        made = []
        for index, facts in enumerate(metadata):
            made.append(_distribution(dists[index], facts, index))
            dists[index] = None  # free memory of large results early
        return SamplerResult(made, metadata)


def _distribution(dist: Any, metadata: Any, index: int) -> QuasiDistribution:
    if not isinstance(dist, dict) or not isinstance(metadata, dict):
        raise IBMRuntimeError(
            f"Distribution {index} of the result, or its metadata, is not an object."
        )
    if not all(issubclass(kind, Real) for kind in set(map(type, dist.values()))):
        raise IBMRuntimeError(
            f"Distribution {index} of the result contains a value that is not a number."
        )
    shots = metadata.get("shots", math.inf)
    overhead = metadata.get("readout_mitigation_overhead", 1.0)
    try:
        bound = math.sqrt(overhead / shots) if shots else None
    except (TypeError, ValueError) as error:
        raise IBMRuntimeError(
            f"Metadata {index} of the result are invalid: shots is {shots!r}, and "
            f"readout_mitigation_overhead is {overhead!r}."
        ) from error
    return QuasiDistribution(_with_keys_of_one_form(dist), shots=shots, stddev_upper_bound=bound)


def _with_keys_of_one_form(dist: dict[str, float]) -> dict[Any, float]:
    """Keep bit strings, because their length is the width, and convert other keys to integers.

    JSON converts integer keys to strings. Keys are decimal if any of them contains a digit above
    1, otherwise they are bit strings.
    """
    uniform = _are_bit_strings_of_one_width(dist)
    if uniform and len(next(iter(dist))) <= _SAFE_WIDTH:
        return dict(dist)
    prefixed = not uniform and any(key.startswith(("0x", "0b")) for key in dist)
    decimal = not uniform and any(_DECIMAL_ONLY.fullmatch(key) for key in dist)
    outcomes = [_number(key, decimal) for key in dist]
    check_hashes(outcomes)
    if len(set(outcomes)) < len(dist):
        raise IBMRuntimeError("The result has a distribution with a duplicate outcome.")
    return dict(zip(outcomes, dist.values())) if prefixed or decimal else dict(dist)


def _are_bit_strings_of_one_width(dist: dict[str, float]) -> bool:
    """Return whether all keys are bit strings of equal length, without a loop over the keys."""
    widths = set(map(len, dist))
    return len(widths) == 1 and 0 not in widths and bool(_BITS.fullmatch("".join(dist)))


def _number(key: str, decimal: bool) -> int:
    try:
        if not _KEY.fullmatch(key):  # `int` also accepts signs, spaces and underscores
            raise ValueError(key)  # noqa: TRY301 - reported like an invalid digit
        if key.startswith(("0x", "0b")):
            return int(key, 0)
        return int(key, 10 if decimal else 2)
    except ValueError:
        raise IBMRuntimeError(
            f"The result has a distribution with the key {key!r}; expected bit strings, or "
            "hexadecimal, binary or decimal numbers."
        ) from None
