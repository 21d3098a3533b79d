"""Decoders of results."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from qiskit_ibm_runtime.utils.arguments import must_be
from qiskit_ibm_runtime.utils.json import RuntimeDecoder

if TYPE_CHECKING:
    from collections.abc import Sequence


class Decoder(Protocol):
    """Class or object that decodes the messages or the result of a job."""

    def decode(self, data: Any, /) -> Any:
        """Decode a string from the service."""


class ResultDecoder:
    """Decoder of typed JSON; strings that are not JSON are returned unchanged."""

    @classmethod
    def decode(cls, data: str | bytes) -> Any:
        """Decode a string."""
        try:
            return json.loads(data, cls=RuntimeDecoder)
        except json.JSONDecodeError:
            return data


def check_decoder(name: str, decoder: Any) -> None:
    """Check that a decoder has a ``decode`` method.

    Raises:
        IBMInputValueError: If it has none.
    """
    if not callable(getattr(decoder, "decode", None)):
        raise must_be(name, "a class with a 'decode' method", decoder)


def decoder_pair(given: Decoder | Sequence[Decoder]) -> Sequence[Decoder]:
    """Return the decoders of interim results and of the result.

    Args:
        given: One decoder for both, or a sequence of two decoders.

    Raises:
        ValueError: If ``given`` is a sequence of another length than two.
        IBMInputValueError: If a decoder has no ``decode`` method.
    """
    pair = given if isinstance(given, (list, tuple)) else (given, given)
    if len(pair) != 2:
        raise ValueError(
            "If 'result_decoder' is a sequence, it must have exactly two elements, for interim "
            f"results and for the final result, not {len(pair)}."
        )
    for decoder in pair:
        check_decoder("result_decoder", decoder)
    return pair
