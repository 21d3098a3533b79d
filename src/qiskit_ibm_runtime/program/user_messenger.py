"""Messenger for interim results of a program that runs locally."""

from __future__ import annotations

import json
from typing import Any

from qiskit_ibm_runtime.utils.json import RuntimeEncoder


class UserMessenger:
    """Messenger that prints interim results; on the service, messages are sent to the user.

    .. code-block:: python

        from program_source.hello_world import main
        from qiskit_aer import AerSimulator
        from qiskit_ibm_runtime.program import UserMessenger

        print(main(AerSimulator(), UserMessenger(), iterations=2))
    """

    def publish(
        self, message: Any, encoder: type[json.JSONEncoder] = RuntimeEncoder, final: bool = False
    ) -> None:
        """Print a message as JSON, so that messages that cannot be encoded fail locally too.

        Args:
            message: The message.
            encoder: Class that encodes the message as JSON.
            final: Whether the message is the final result; has no effect here.

        Raises:
            TypeError: If the encoder cannot encode the message.
        """
        print(json.dumps(message, cls=encoder))  # noqa: T201
