"""Default decoder of results."""

from __future__ import annotations

import json
from typing import Any, Protocol

from qiskit_ibm_runtime.utils.json import RuntimeDecoder


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
