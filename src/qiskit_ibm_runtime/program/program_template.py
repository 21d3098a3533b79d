"""Template of a program: copy this file, change :func:`program`, and upload it.

Test it first, with any backend that runs circuits::

    main(AerSimulator(), UserMessenger(), circuits=[bell])

Also check that ``RuntimeEncoder`` and ``RuntimeDecoder`` can serialize the inputs and the result.
"""

from __future__ import annotations

from typing import Any


def program(backend: Any, user_messenger: Any, **kwargs: Any) -> Any:
    """Run the circuits one at a time, and publish the counts of each.

    Args:
        backend: Backend to run on.
        user_messenger: Sends interim results with its ``publish`` method.
        **kwargs: The user's inputs; this program takes only ``circuits``.

    Returns:
        Number of circuits that were run.
    """
    circuits = kwargs.get("circuits", [])
    for number, circuit in enumerate(circuits):
        counts = backend.run(circuit).result().get_counts()
        user_messenger.publish({"circuit": number, "counts": counts})
    return len(circuits)


def main(backend: Any, user_messenger: Any, **kwargs: Any) -> Any:
    """Run the program; the service calls this entry point.

    Args:
        backend: Backend to run on.
        user_messenger: Sends interim results with its ``publish`` method.
        **kwargs: The user's inputs.

    Returns:
        The result of the job.
    """
    return program(backend, user_messenger, **kwargs)
