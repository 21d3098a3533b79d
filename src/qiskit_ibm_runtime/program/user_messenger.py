"""What a program uses to send interim results, when it runs locally."""

from __future__ import annotations

import json
from typing import Any

from qiskit_ibm_runtime.utils.json import RuntimeEncoder


class UserMessenger:
    """Prints what a program publishes; on the service, its messages go to the user instead.

    .. code-block:: python

        from program_source.hello_world import main
        from qiskit_aer import AerSimulator
        from qiskit_ibm_runtime.program import UserMessenger

        print(main(AerSimulator(), UserMessenger(), iterations=2))
    """

    def publish(
        self, message: Any, encoder: type[json.JSONEncoder] = RuntimeEncoder, final: bool = False
    ) -> None:
        """Print a message as JSON; it fails here if it could not travel either.

        Args:
            message: What to tell the user.
            encoder: Class that turns it into JSON.
            final: Whether it is the result. Programs for the service pass this; nothing depends on
                it here.

        Raises:
            TypeError: If the encoder cannot encode the message.
        """
        print(json.dumps(message, cls=encoder))  # noqa: T201
