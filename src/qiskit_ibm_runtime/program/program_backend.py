"""The backend that a program is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from qiskit.providers.backend import BackendV1


class ProgramBackend(BackendV1, ABC):  # type: ignore[misc]  # terra ships no types
    """Runs the circuits of a program.

    A program needs no more of its backend than this, so any simulator can stand in for it while
    the program is tested.

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
            circuits: One or several of them.
            **run_config: Options of this run, such as ``shots``.

        Returns:
            Their job. On the service it has ended when it is returned.
        """
