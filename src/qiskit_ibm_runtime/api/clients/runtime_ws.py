"""Client of a job's message stream."""

from __future__ import annotations

from urllib.parse import quote

from .base import BaseWebsocketClient


class RuntimeWebsocketClient(BaseWebsocketClient):
    """Client that puts a job's messages into a queue; without a queue, it only detects the end."""

    def _handle_message(self, message: str) -> None:
        self._message_queue.put(message)

    def _handle_stream_iteration(self) -> None:
        """Do nothing; connections need no preparation."""

    def follow(self) -> None:
        """Open the stream in the background; :attr:`finished` is set when it ends."""
        self.start(self._address())

    def job_results(self, max_retries: int = 8, backoff_factor: float = 0.5) -> None:
        """Read the stream to its end.

        Args:
            max_retries: Maximum number of consecutive failed reconnections.
            backoff_factor: Seconds before the first reconnection.

        Raises:
            WebsocketError: If the stream failed permanently.
            WebsocketTimeoutError: If the user's timeout ended the stream.
        """
        self.stream(self._address(), max_retries, backoff_factor)

    def _address(self) -> str:
        return f"{self._websocket_url}/stream/jobs/{quote(self._job_id, safe='')}"
