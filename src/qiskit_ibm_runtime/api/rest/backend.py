"""Adapter of one backend in the network API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import RestAdapterBase, read_json, segment
from .cloud_backend import status_of
from .utils.data_mapper import map_jobs_limit_response

if TYPE_CHECKING:
    from datetime import datetime as python_datetime

    from qiskit_ibm_runtime.api.session import RetrySession


class Backend(RestAdapterBase):
    """Endpoints of one backend in the network API."""

    URL_MAP = {
        "properties": "/properties",
        "pulse_defaults": "/defaults",
        "status": "/queue/status",
        "jobs_limit": "/jobsLimit",
        "bookings": "/bookings/v2",
    }

    def __init__(self, session: RetrySession, backend_name: str, url_prefix: str = "") -> None:
        self.backend_name = backend_name
        super().__init__(session, f"{url_prefix}/devices/{segment(backend_name)}")

    def properties(self, datetime: python_datetime | None = None) -> dict[str, Any]:
        """Return the calibration, now or at a point in time."""
        params: dict[str, Any] = {"version": 1}
        if datetime:
            params["filter"] = (
                f'{{"where": {{"last_update_date": {{"lt": "{datetime.isoformat()}"}}}}}}'
            )
        return read_json(self.session.get(self.get_url("properties"), params=params), dict)  # type: ignore[no-any-return]

    def pulse_defaults(self) -> dict[str, Any]:
        """Return the pulse defaults."""
        return read_json(self.session.get(self.get_url("pulse_defaults")), dict)  # type: ignore[no-any-return]

    def status(self) -> dict[str, Any]:
        """Return the status in the form of ``BackendStatus``."""
        answer = read_json(self.session.get(self.get_url("status")), dict)
        return status_of(self.backend_name, answer, "lengthQueue")

    def job_limit(self) -> dict[str, Any]:
        """Return the job limit of the backend."""
        return map_jobs_limit_response(
            read_json(self.session.get(self.get_url("jobs_limit")), dict)
        )

    def reservations(
        self,
        start_datetime: python_datetime | None = None,
        end_datetime: python_datetime | None = None,
    ) -> list[Any]:
        """Return the reservations in a time range."""
        moments = {"initialDate": start_datetime, "endDate": end_datetime}
        params = {key: moment.isoformat() for key, moment in moments.items() if moment}
        return read_json(self.session.get(self.get_url("bookings"), params=params), list)  # type: ignore[no-any-return]
