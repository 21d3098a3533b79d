"""Interface of the backend that a program receives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from qiskit.providers.backend import BackendV1


class ProgramBackend(BackendV1, ABC):  # type: ignore[misc]  # terra ships no types
    """Backend that runs the circuits of a program.

    A program needs only this interface, so a test can replace the backend with any simulator.

    .. code-block:: python

        from qiskit.providers import Options
        from qiskit_ibm_runtime.program import ProgramBackend

        class OnSimulator(ProgramBackend):
            def __init__(self, simulator):
                super().__init__(simulator.configuration())
                self._simulator = simulator

            @classmethod
            def _default_options(cls):
                return Options(shots=1000)

            def run(self, circuits, **run_config):
                shots = run_config.pop("shots", self.options.shots)
                return self._simulator.run(circuits, shots=shots, **run_config)
    """

    @abstractmethod
    def run(self, circuits: Any, **run_config: Any) -> Any:
        """Run circuits or schedules.

        Args:
            circuits: One or several circuits or schedules.
            **run_config: Options of the run, such as ``shots``.

        Returns:
            The job. On the service, it has finished when it is returned.
        """
