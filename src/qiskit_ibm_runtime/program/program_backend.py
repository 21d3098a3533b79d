"""The backend that a program is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from qiskit.providers.backend import BackendV1


class ProgramBackend(BackendV1, ABC):  # type: ignore[misc]  # terra ships no types
    """Runs circuits for a program."""

    @abstractmethod
    def run(self, circuits: Any, **run_config: Any) -> Any:
        """Run circuits and return their job."""
