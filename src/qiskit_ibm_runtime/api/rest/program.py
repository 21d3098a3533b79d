"""Adapter of one program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import RestAdapterBase, entry, segment

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.session import RetrySession


class Program(RestAdapterBase):
    """Endpoints of one program."""

    URL_MAP = {
        "self": "",
        "data": "/data",
        "run": "/jobs",
        "private": "/private",
        "public": "/public",
    }

    def __init__(self, session: RetrySession, program_id: str, url_prefix: str = "") -> None:
        super().__init__(session, f"{url_prefix}/programs/{segment(program_id)}")

    def get(self) -> dict[str, Any]:
        """Return the record of the program."""
        record = self._get_json("self", dict)
        for text in ("id", "name"):
            entry(record, text, str)
        return record

    def make_public(self) -> None:
        """Make the program visible to all users."""
        self.session.put(self.get_url("public"))

    def make_private(self) -> None:
        """Make the program visible only to its author."""
        self.session.put(self.get_url("private"))

    def delete(self) -> None:
        """Delete the program."""
        self.session.delete(self.get_url("self"))

    def update_data(self, program_data: str) -> None:
        """Replace the source code."""
        headers = {"Content-Type": "application/octet-stream"}
        self.session.put(self.get_url("data"), data=program_data, headers=headers)

    def update_metadata(
        self,
        name: str | None = None,
        description: str | None = None,
        max_execution_time: int | None = None,
        spec: dict[str, Any] | None = None,
    ) -> None:
        """Replace the given metadata fields."""
        body = {"name": name, "description": description, "cost": max_execution_time, "spec": spec}
        self.session.patch(self.get_url("self"), json={k: v for k, v in body.items() if v})
