"""The stream of a job's messages."""

from __future__ import annotations

from urllib.parse import quote

from .base import BaseWebsocketClient


class RuntimeWebsocketClient(BaseWebsocketClient):
    """Put the messages of a job into a queue; without a queue, only report the end of the job."""

    def _handle_message(self, message: str) -> None:
        self._message_queue.put(message)

    def _handle_stream_iteration(self) -> None:
        """Do nothing before a connection."""

    def follow(self) -> None:
        """Open the stream in the background; :attr:`finished` is set when it ends."""
        self.start(self._address())

    def job_results(self, max_retries: int = 8, backoff_factor: float = 0.5) -> None:
        """Read the stream to its end.

        Args:
            max_retries: Failed connections in a row after the first.
            backoff_factor: Seconds before the first of them.

        Raises:
            WebsocketError: If the stream broke for good.
            WebsocketTimeoutError: If it was ended because the user's time was over.
        """
        self.stream(self._address(), max_retries, backoff_factor)

    def _address(self) -> str:
        return f"{self._websocket_url}/stream/jobs/{quote(self._job_id, safe='')}"
