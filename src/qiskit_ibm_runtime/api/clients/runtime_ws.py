"""The stream of a job's results."""

from __future__ import annotations

from .base import BaseWebsocketClient


class RuntimeWebsocketClient(BaseWebsocketClient):
    """Puts the messages of a job into a queue."""

    def _handle_message(self, message: str) -> None:
        if self._message_queue is not None:
            self._message_queue.put(message)

    def _handle_stream_iteration(self) -> None:
        """Nothing to do before a connection."""

    def job_results(self, max_retries: int = 8, backoff_factor: float = 0.5) -> None:
        """Read the stream to its end."""
        base = self._websocket_url
        for scheme, socket in (("https://", "wss://"), ("http://", "ws://")):
            if base.startswith(scheme):
                base = socket + base[len(scheme) :]
        self.stream(f"{base}/stream/jobs/{self._job_id}", max_retries, backoff_factor)
