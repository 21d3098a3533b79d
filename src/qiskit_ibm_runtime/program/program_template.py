"""A program to start from: copy this file, change :func:`program`, and upload it.

Try it first, with any backend that runs circuits::

    main(AerSimulator(), UserMessenger(), circuits=[bell])

and let inputs and result go once through ``RuntimeEncoder`` and ``RuntimeDecoder``, to be sure that
they can travel.
"""

from __future__ import annotations

from typing import Any


def program(backend: Any, user_messenger: Any, **kwargs: Any) -> Any:
    """Run the circuits one by one, and publish the counts of each.

    Args:
        backend: Where to run.
        user_messenger: Its ``publish`` sends interim results.
        **kwargs: The inputs of the user; this program has one, ``circuits``.

    Returns:
        How many circuits were run.
    """
    circuits = kwargs.get("circuits", [])
    for number, circuit in enumerate(circuits):
        counts = backend.run(circuit).result().get_counts()
        user_messenger.publish({"circuit": number, "counts": counts})
    return len(circuits)


def main(backend: Any, user_messenger: Any, **kwargs: Any) -> Any:
    """Entry point: the service calls it with the backend, the messenger and the user's inputs.

    Args:
        backend: Where to run.
        user_messenger: Its ``publish`` sends interim results.
        **kwargs: The inputs of the user.

    Returns:
        The result of the job.
    """
    return program(backend, user_messenger, **kwargs)
