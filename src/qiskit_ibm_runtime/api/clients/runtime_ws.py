"""The stream of a job's messages."""

from __future__ import annotations

from .base import BaseWebsocketClient


class RuntimeWebsocketClient(BaseWebsocketClient):
    """Puts the messages of a job into a queue; without one it only tells when the job ended."""

    def _handle_message(self, message: str) -> None:
        if self._message_queue is not None:
            self._message_queue.put(message)

    def _handle_stream_iteration(self) -> None:
        """Nothing is to be done before a connection."""

    def job_results(self, max_retries: int = 8, backoff_factor: float = 0.5) -> None:
        """Read the stream to its end.

        Args:
            max_retries: Failed connections in a row after the first.
            backoff_factor: Seconds before the first of them.

        Raises:
            WebsocketError: If the stream broke for good.
            WebsocketTimeoutError: If it was ended because the user's time was over.
        """
        url = f"{socket_address(self._websocket_url)}/stream/jobs/{self._job_id}"
        self.stream(url, max_retries, backoff_factor)


def socket_address(base_url: str) -> str:
    """Return the websocket form of an http(s) address; other addresses as they are."""
    scheme, separator, rest = base_url.partition("://")
    return {"https": "wss", "http": "ws"}.get(scheme, scheme) + separator + rest
