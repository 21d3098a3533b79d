"""Adapter of one backend in the network API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import RestAdapterBase, segment
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
        return self._get_json("properties", dict, params=params)

    def pulse_defaults(self) -> dict[str, Any]:
        """Return the pulse defaults."""
        return self._get_json("pulse_defaults", dict)

    def status(self) -> dict[str, Any]:
        """Return the status in the form of ``BackendStatus``."""
        return status_of(self.backend_name, self._get_json("status", dict), "lengthQueue")

    def job_limit(self) -> dict[str, Any]:
        """Return the job limit of the backend."""
        return map_jobs_limit_response(self._get_json("jobs_limit", dict))

    def reservations(
        self,
        start_datetime: python_datetime | None = None,
        end_datetime: python_datetime | None = None,
    ) -> list[Any]:
        """Return the reservations in a time range."""
        moments = {"initialDate": start_datetime, "endDate": end_datetime}
        params = {key: moment.isoformat() for key, moment in moments.items() if moment}
        return self._get_json("bookings", list, params=params)
