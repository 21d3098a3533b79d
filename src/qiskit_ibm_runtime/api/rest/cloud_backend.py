"""One backend."""

from __future__ import annotations

from typing import Any

from .base import RestAdapterBase, read_json, segment


class CloudBackend(RestAdapterBase):
    """Endpoints of one backend."""

    URL_MAP = {
        "configuration": "/configuration",
        "properties": "/properties",
        "pulse_defaults": "/defaults",
        "status": "/status",
    }

    def __init__(self, session: Any, backend_name: str, url_prefix: str = "") -> None:
        self.backend_name = backend_name
        super().__init__(session, f"{url_prefix}/backends/{segment(backend_name)}")

    def configuration(self) -> dict[str, Any]:
        """Return the configuration."""
        return read_json(self.session.get(self.get_url("configuration")))  # type: ignore[no-any-return]

    def properties(self, datetime: Any = None) -> dict[str, Any]:
        """Return the calibration, now or as it was before a moment."""
        params = {"updated_before": datetime.isoformat()} if datetime else None
        answer = read_json(self.session.get(self.get_url("properties"), params=params))
        if answer:
            answer["backend_name"] = self.backend_name
        return answer or {}

    def pulse_defaults(self) -> dict[str, Any]:
        """Return the pulse defaults."""
        return read_json(self.session.get(self.get_url("pulse_defaults"))) or {}

    def status(self) -> dict[str, Any]:
        """Return the status in the form of ``BackendStatus``."""
        answer = read_json(self.session.get(self.get_url("status")))
        return {
            "backend_name": self.backend_name,
            "backend_version": answer.get("backend_version", "0.0.0"),
            "operational": bool(answer.get("state", False)),
            "status_msg": answer.get("status", ""),
            "pending_jobs": max(answer.get("length_queue", 0), 0),
        }
