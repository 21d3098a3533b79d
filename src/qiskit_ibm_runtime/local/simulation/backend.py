"""The backend that programs are given: a device or a simulator, on Aer."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from qiskit.providers import Options
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel

from qiskit_ibm_runtime.local import devices
from qiskit_ibm_runtime.program import ProgramBackend
from qiskit_ibm_runtime.utils.backend_decoder import (
    configuration_from_server_data,
    properties_from_server_data,
)

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


class LocalBackend(ProgramBackend):
    """Runs circuits on Aer, with the noise of the device that it stands for.

    Args:
        configuration: Document of the backend as the service sends it.
        properties: Its calibration; empty for a simulator.
    """

    def __init__(self, configuration: dict[str, Any], properties: dict[str, Any]) -> None:
        decoded = configuration_from_server_data(configuration)
        if decoded is None:
            raise ValueError(
                f"The configuration of {configuration.get('backend_name')!r} cannot be understood."
            )
        super().__init__(decoded)
        self._properties = properties_from_server_data(properties) if properties else None
        self.noise_model: NoiseModel | None = (
            NoiseModel.from_backend_properties(self._properties, dt=getattr(decoded, "dt", None))
            if self._properties is not None
            else None
        )
        self.method = devices.METHODS.get(decoded.backend_name, "automatic")

    @classmethod
    def of(cls, documents: dict[str, Any]) -> LocalBackend:
        """The backend of a job; one that ships with Qiskit may be given by ``name`` alone."""
        if "name" in documents:
            return _shipped(documents["name"])
        return cls(documents["configuration"], documents.get("properties") or {})

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=1024)

    def properties(self) -> Any:
        """The calibration; ``None`` for a simulator."""
        return self._properties

    def defaults(self) -> None:
        """Pulses are not simulated."""

    def simulator(self, noise_model: NoiseModel | None, **options: Any) -> AerSimulator:
        """A simulator for this backend with the noise given.

        Shots of one circuit run in one thread: with more, the counts of a seed depend on how many
        cores there are.
        """
        if noise_model is not None and noise_model.is_ideal():
            noise_model = None
        return AerSimulator(
            method=options.pop("method", self.method),
            noise_model=noise_model,
            max_parallel_shots=1,
            max_parallel_experiments=1,
            max_memory_mb=devices.memory() // 2**20,
            **options,
        )

    def run(self, circuits: QuantumCircuit | list[QuantumCircuit], **run_config: Any) -> Any:
        """Run circuits as they are.

        Args:
            circuits: One circuit or several.
            run_config: ``shots``, ``memory``, ``seed_simulator`` and further options of Aer.

        Returns:
            The job of Aer, which counts and results are read from.
        """
        options = {"shots": self.options.shots, **run_config}
        noise_model = options.pop("noise_model", None) or self.noise_model
        return self.simulator(noise_model).run(circuits, **options)


@lru_cache(maxsize=4)
def _shipped(name: str) -> LocalBackend:
    return LocalBackend(devices.configuration(name), devices.properties(name))
