"""What a program uses to send interim results, when it runs locally."""

from __future__ import annotations

import json
from typing import Any

from qiskit_ibm_runtime.utils.json import RuntimeEncoder


class UserMessenger:
    """Prints what a program publishes."""

    def publish(
        self, message: Any, encoder: type[json.JSONEncoder] = RuntimeEncoder, final: bool = False
    ) -> None:
        """Print a message as JSON."""
        print(json.dumps(message, cls=encoder))  # noqa: T201
