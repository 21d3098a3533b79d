"""Reservations of backends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


class BackendReservation:
    """A reservation of a backend.

    .. code-block:: python

        from datetime import datetime
        from qiskit_ibm_runtime.backendreservation import BackendReservation

        slot = BackendReservation("ibm_x", datetime(2023, 5, 1, 9), datetime(2023, 5, 1, 10, 30))
        assert slot.duration == 90

    Attributes:
        backend_name: Name of the backend.
        start_datetime: When the reservation begins.
        end_datetime: When it ends.
        duration: Minutes between the two.
        mode: Mode of the reservation; ``None`` if unknown.
        reservation_id: ID of the reservation; ``None`` if it belongs to another project.
        creation_datetime: When the reservation was created.
        hub: Hub of the reservation; ``None`` if unknown.
        group: Group of the reservation; ``None`` if unknown.
        project: Project of the reservation; ``None`` if unknown.
    """

    __hash__ = None  # type: ignore[assignment]  # the equality below is not transitive

    def __init__(
        self,
        backend_name: str,
        start_datetime: datetime,
        end_datetime: datetime,
        creation_datetime: datetime | None = None,
        mode: str | None = None,
        reservation_id: str | None = None,
        hub_info: dict[str, Any] | None = None,
    ) -> None:
        """Create a reservation; ``hub_info`` is ``{"hub": {"name": ...}, "group": ..., ...}``."""
        self.backend_name = backend_name
        self.start_datetime = start_datetime
        self.end_datetime = end_datetime
        self.duration = int((end_datetime - start_datetime).total_seconds() // 60)
        self.mode = mode
        self.reservation_id = reservation_id
        self.creation_datetime = creation_datetime
        self.hub = _name_in(hub_info, "hub")
        self.group = _name_in(hub_info, "group")
        self.project = _name_in(hub_info, "project")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BackendReservation) or self.backend_name != other.backend_name:
            return False
        if self.reservation_id and self.reservation_id == other.reservation_id:
            return True
        return (self.start_datetime, self.end_datetime) == (
            other.start_datetime,
            other.end_datetime,
        )

    def __repr__(self) -> str:
        fields = vars(self).items()
        shown = ", ".join(f"{name}={value}" for name, value in fields if value is not None)
        return f"<BackendReservation({shown})>"


def _name_in(hub_info: dict[str, Any] | None, level: str) -> str | None:
    name: str | None = ((hub_info or {}).get(level) or {}).get("name")
    return name
