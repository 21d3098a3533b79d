"""What turns the texts of a job into objects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.utils.json import RuntimeDecoder

if TYPE_CHECKING:
    from collections.abc import Sequence


def decoder_pair(given: Any) -> Sequence[Any]:
    """Return the decoders for messages and for the result.

    Raises:
        ValueError: If ``given`` is a sequence of another length than two.
    """
    if isinstance(given, (list, tuple)):
        if len(given) != 2:
            raise ValueError(
                "If 'result_decoder' is a sequence, it must have exactly two elements: "
                f"for interim results and for the final one, not {len(given)}."
            )
        return given
    return given, given


def decoded_inputs(encoded: Any) -> dict[str, Any]:
    """Return the inputs in a job's record, which holds them as object, list or text.

    Raises:
        DecodeError: If they hold what cannot be decoded here.
    """
    if isinstance(encoded, list):
        encoded = encoded[0] if encoded else {}
    text = encoded if isinstance(encoded, str) else json.dumps(encoded or {})
    inputs: dict[str, Any] = json.loads(text, cls=RuntimeDecoder)
    return inputs
