"""Result decoders, and decoding of program inputs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime._primitives.sent_inputs import with_repeats
from qiskit_ibm_runtime.checks import shown
from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.utils.json import RuntimeDecoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit_ibm_runtime.program.result_decoder import Decoder


def check_decoder(name: str, decoder: Any) -> None:
    """Check that a decoder has a ``decode`` method.

    Raises:
        IBMInputValueError: If it has none.
    """
    if not callable(getattr(decoder, "decode", None)):
        raise IBMInputValueError(
            f"{name!r} must be a class with a 'decode' method, not {shown(decoder)}."
        )


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


def decoded_inputs(encoded: Any, program_id: str) -> dict[str, Any]:
    """Decode the program inputs in a job record, given as an object, list or string.

    Inputs of a primitive have one entry per run, even if the record stores repeated entries once.

    Raises:
        DecodeError: If the inputs cannot be decoded.
    """
    if isinstance(encoded, list):
        encoded = encoded[0] if encoded else {}
    text = encoded if isinstance(encoded, str) else json.dumps(encoded or {})
    inputs: dict[str, Any] = json.loads(text, cls=RuntimeDecoder)
    return with_repeats(program_id, inputs)
