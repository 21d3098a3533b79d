"""Adapter of one backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import RestAdapterBase, entry, segment

if TYPE_CHECKING:
    from datetime import datetime as python_datetime

    from qiskit_ibm_runtime.api.session import RetrySession


class CloudBackend(RestAdapterBase):
    """Endpoints of one backend."""

    URL_MAP = {
        "configuration": "/configuration",
        "properties": "/properties",
        "pulse_defaults": "/defaults",
        "status": "/status",
    }

    def __init__(self, session: RetrySession, backend_name: str, url_prefix: str = "") -> None:
        self.backend_name = backend_name
        super().__init__(session, f"{url_prefix}/backends/{segment(backend_name)}")

    def configuration(self) -> dict[str, Any]:
        """Return the configuration."""
        return self._get_json("configuration", dict)

    def properties(self, datetime: python_datetime | None = None) -> dict[str, Any]:
        """Return the calibration, now or before a point in time; empty for a simulator."""
        params = {"updated_before": datetime.isoformat()} if datetime else None
        answer = self._get_json("properties", dict, nullable=True, params=params)
        return {**answer, "backend_name": self.backend_name} if answer else {}

    def pulse_defaults(self) -> dict[str, Any]:
        """Return the pulse defaults; empty for a simulator."""
        return self._get_json("pulse_defaults", dict, nullable=True)

    def status(self) -> dict[str, Any]:
        """Return the status in the form of ``BackendStatus``."""
        return status_of(self.backend_name, self._get_json("status", dict), "length_queue")


def status_of(backend_name: str, answer: dict[str, Any], queue: str) -> dict[str, Any]:
    """Return a status in the form of ``BackendStatus``.

    Args:
        backend_name: Name of the backend.
        answer: Response of the service.
        queue: Key of the queue length in the response.
    """
    return {
        "backend_name": backend_name,
        "backend_version": entry(answer, "backend_version", str, "0.0.0"),
        "operational": bool(answer.get("state", False)),
        "status_msg": entry(answer, "status", str, ""),
        "pending_jobs": max(entry(answer, queue, int, 0), 0),
    }
