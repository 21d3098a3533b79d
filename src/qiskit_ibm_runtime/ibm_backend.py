"""One device of a service."""

from __future__ import annotations

from typing import Any

from qiskit.providers.backend import BackendV2
from qiskit.providers.models import BackendStatus
from qiskit.providers.options import Options

from .faulty_parts import check
from .utils.backend_converter import convert_to_target
from .utils.backend_decoder import defaults_from_server_data, properties_from_server_data


class IBMBackend(BackendV2):  # type: ignore[misc]
    """A backend; nothing but its configuration is fetched until somebody looks.

    .. code-block:: python

        backend = service.backend("fake_manila")
        print(backend.num_qubits, backend.status().pending_jobs)
    """

    id_warning_issued = False

    def __init__(
        self, configuration: Any, service: Any, api_client: Any, instance: str | None = None
    ) -> None:
        super().__init__(
            name=configuration.backend_name,
            online_date=configuration.online_date,
            backend_version=configuration.backend_version,
            description=getattr(configuration, "description", None),
        )
        self._instance, self._service, self._api_client, self._configuration = (
            instance,
            service,
            api_client,
            configuration,
        )
        self._properties: Any = None
        self._defaults: Any = None
        self._target: Any = None
        self._max_circuits = getattr(configuration, "max_experiments", None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        try:
            return getattr(self._configuration, name)
        except AttributeError:
            raise AttributeError(
                f"'{type(self).__name__}' object has no attribute '{name}'"
            ) from None

    @classmethod
    def _default_options(cls) -> Options:
        return Options(
            shots=4000, memory=False, noise_model=None, seed_simulator=None, init_qubits=True
        )

    @property
    def service(self) -> Any:
        """Service that the backend belongs to."""
        return self._service

    @property
    def dtm(self) -> float:
        """Resolution of the measurement in seconds."""
        return self._configuration.dtm  # type: ignore[no-any-return]

    @property
    def max_circuits(self) -> int | None:
        """Circuits of one job at most."""
        return self._max_circuits

    @property
    def meas_map(self) -> list[list[int]]:
        """Qubits that are measured together."""
        return self._configuration.meas_map  # type: ignore[no-any-return]

    @property
    def target(self) -> Any:
        """What the transpiler needs to know."""
        if self._target is None:
            self._target = convert_to_target(self._configuration, self.properties(), None)
        return self._target

    def target_history(self, datetime: Any = None) -> Any:
        """Return the target as it was."""
        return convert_to_target(self._configuration, self.properties(datetime=datetime))

    def properties(self, refresh: bool = False, datetime: Any = None) -> Any:
        """Return the calibration."""
        if self._configuration.simulator:
            return None
        if datetime is not None:
            raw = self._api_client.backend_properties(self.name, datetime=datetime)
            return properties_from_server_data(raw) if raw else None
        if refresh or self._properties is None:
            raw = self._api_client.backend_properties(self.name)
            self._properties = properties_from_server_data(raw) if raw else None
            self._target = None
        return self._properties

    def defaults(self, refresh: bool = False) -> Any:
        """Return the pulse defaults."""
        if refresh or self._defaults is None:
            raw = self._api_client.backend_pulse_defaults(self.name)
            self._defaults = defaults_from_server_data(raw) if raw else None
        return self._defaults

    def status(self) -> BackendStatus:
        """Ask whether the backend works, and how many jobs wait."""
        return BackendStatus.from_dict(self._api_client.backend_status(self.name))

    def configuration(self) -> Any:
        """Return the configuration."""
        return self._configuration

    def drive_channel(self, qubit: int) -> Any:
        """Return the drive channel of a qubit."""
        return self._configuration.drive(qubit=qubit)

    def measure_channel(self, qubit: int) -> Any:
        """Return the measure channel of a qubit."""
        return self._configuration.measure(qubit=qubit)

    def acquire_channel(self, qubit: int) -> Any:
        """Return the acquire channel of a qubit."""
        return self._configuration.acquire(qubit=qubit)

    def control_channel(self, qubits: Any) -> Any:
        """Return the control channels of qubits."""
        return self._configuration.control(qubits=qubits)

    def run(self, *args: Any, **kwargs: Any) -> None:
        """Not possible: circuits run through primitives or programs."""
        raise RuntimeError(
            "IBMBackend.run() is not supported in the Qiskit Runtime environment. "
            "Use Sampler or Estimator."
        )

    def check_faulty(self, circuit: Any) -> None:
        """Check a circuit against faulty qubits and edges."""
        properties = self.properties()
        if properties:
            check(circuit, properties)

    def __call__(self) -> IBMBackend:
        """Return the backend itself, for code that took it for a factory."""
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__}('{self.name}')>"
