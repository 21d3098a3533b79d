"""Adapter of one session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import RestAdapterBase, segment

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.session import RetrySession


class RuntimeSession(RestAdapterBase):
    """Endpoints of one session."""

    URL_MAP = {"close": "/close"}

    def __init__(self, session: RetrySession, session_id: str, url_prefix: str = "") -> None:
        super().__init__(session, f"{url_prefix}/sessions/{segment(session_id)}")

    def close(self) -> None:
        """Close the session; its queued jobs still run."""
        self.session.delete(self.get_url("close"))
