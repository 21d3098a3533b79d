"""The default decoder of results."""

from __future__ import annotations

import json
from typing import Any, Protocol

from qiskit_ibm_runtime.utils.json import RuntimeDecoder


class Decoder(Protocol):
    """What can decode the messages or the result of a job: a class or an object."""

    def decode(self, data: Any, /) -> Any:
        """Return what a text of the service holds."""


class ResultDecoder:
    """Decodes typed JSON; text that is no JSON stays text."""

    @classmethod
    def decode(cls, data: str | bytes) -> Any:
        """Return what the text holds."""
        try:
            return json.loads(data, cls=RuntimeDecoder)
        except json.JSONDecodeError:
            return data
