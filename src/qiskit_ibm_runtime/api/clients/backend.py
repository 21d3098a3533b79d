"""Interface of a client of backends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from .base import BaseClient

if TYPE_CHECKING:
    from datetime import datetime as python_datetime


class BaseBackendClient(BaseClient, ABC):
    """Methods of a client that backends require."""

    @abstractmethod
    def backend_status(self, backend_name: str) -> dict[str, Any]:
        """Return the status of a backend."""

    @abstractmethod
    def backend_properties(
        self, backend_name: str, datetime: python_datetime | None = None
    ) -> dict[str, Any]:
        """Return the calibration of a backend, now or before a point in time."""

    @abstractmethod
    def backend_pulse_defaults(self, backend_name: str) -> dict[str, Any]:
        """Return the pulse defaults of a backend."""
