"""Adapter of one job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import RestAdapterBase, check_job, segment

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.session import RetrySession


class ProgramJob(RestAdapterBase):
    """Endpoints of one job."""

    URL_MAP = {
        "self": "",
        "results": "/results",
        "cancel": "/cancel",
        "logs": "/logs",
        "interim_results": "/interim_results",
        "metrics": "/metrics",
    }

    def __init__(self, session: RetrySession, job_id: str, url_prefix: str = "") -> None:
        super().__init__(session, f"{url_prefix}/jobs/{segment(job_id)}")

    def get(self, exclude_params: bool = False, hold: int = 0) -> dict[str, Any]:
        """Return the record of the job; the service may wait ``hold`` seconds for its end.

        The delay is only a preference (:rfc:`7240`), which services may ignore.
        """
        params = {"exclude_params": "true"} if exclude_params else None
        headers = {"Prefer": f"wait={hold}"} if hold else None
        record = self._get_json("self", dict, params=params, headers=headers)
        check_job(record)
        return record

    def delete(self) -> None:
        """Delete the job."""
        self.session.delete(self.get_url("self"))

    def results(self) -> str:
        """Return the encoded result."""
        return self._get_text("results")

    def interim_results(self) -> str:
        """Return the encoded interim results received so far."""
        return self._get_text("interim_results")

    def cancel(self) -> None:
        """Cancel the job; safe to repeat."""
        self.session.request("POST", self.get_url("cancel"), idempotent=True)

    def logs(self) -> str:
        """Return the log."""
        return self._get_text("logs")

    def metadata(self) -> dict[str, Any]:
        """Return the metrics."""
        return self._get_json("metrics", dict)
