"""Reconnection policy of streams."""

from __future__ import annotations

from dataclasses import dataclass

from qiskit_ibm_runtime.api.exceptions import WebsocketError
from qiskit_ibm_runtime.exceptions import IBMNotAuthorizedError

# Answers to the handshake that another try cannot change; a 401 that a new token did not mend.
PERMANENT_REFUSALS = frozenset({401, 403, 404, 410, 501})
# A connection that lasted this long was healthy: a later fault starts a new count of retries.
HEALTHY_SECONDS = 5.0
# However healthy the connections look, a stream is not opened more often than this.
MOST_CONNECTIONS = 10_000


class MessageTooLongError(WebsocketError):
    """The service sent a message that is longer than any it needs."""


@dataclass
class Reconnecting:
    """Count consecutive failures, and decide on the next attempt.

    Attributes:
        retries: Connections after the first one that may fail in a row.
        factor: Seconds before the first of them; doubled for each further one.
        longest: Longest pause in seconds.
    """

    retries: int = 8
    factor: float = 0.5
    longest: float = 8.0
    failures: int = 0
    connections: int = 0

    def pause(self, lasted: float, *, acknowledged: bool, jitter: float) -> float | None:
        """Return the seconds before the next connection, or ``None`` to give up.

        Args:
            lasted: Seconds that the broken connection was open.
            acknowledged: Whether the server sent anything on it.
            jitter: From 0 to 1; shortens the pause by up to a quarter.
        """
        self.connections += 1
        healthy = acknowledged and lasted >= HEALTHY_SECONDS
        self.failures = 1 if healthy else self.failures + 1
        if self.failures > self.retries or self.connections >= MOST_CONNECTIONS:
            return None
        return min(self.factor * 2.0 ** (self.failures - 1), self.longest) * (1 - jitter / 4)


def is_permanent(error: BaseException) -> bool:
    """Whether a retry would fail in the same way."""
    status = getattr(error, "status_code", None) or 0
    refused = isinstance(error, (ValueError, IBMNotAuthorizedError, MessageTooLongError))
    return refused or status in PERMANENT_REFUSALS or 300 <= status < 400
