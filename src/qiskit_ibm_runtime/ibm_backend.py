"""Backends of a service."""

from __future__ import annotations

from copy import copy
from datetime import datetime as python_datetime
from datetime import timezone
from enum import Enum
from typing import TYPE_CHECKING, Any

from qiskit.providers.backend import BackendV2
from qiskit.providers.models import BackendStatus, QasmBackendConfiguration
from qiskit.providers.options import Options
from qiskit.qobj.utils import MeasLevel, MeasReturnType

from ._backends.faulty_parts import FaultyParts, check
from .exceptions import IBMBackendApiProtocolError
from .utils.backend_converter import build_target, pulse_entries
from .utils.backend_decoder import (
    configuration_from_server_data,
    defaults_from_server_data,
    properties_from_server_data,
)
from .utils.converters import local_to_utc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qiskit import QuantumCircuit
    from qiskit.providers.models import BackendProperties, PulseDefaults
    from qiskit.pulse.channels import AcquireChannel, ControlChannel, DriveChannel, MeasureChannel
    from qiskit.transpiler import CouplingMap, Target

    from .api.clients import RuntimeClient
    from .qiskit_runtime_service import QiskitRuntimeService


class _Fetched(Enum):
    """Marks what is not fetched yet, also in a pickle; ``None`` means that the service has none."""

    NOT_YET = "not yet"


_UNKNOWN = _Fetched.NOT_YET


class IBMBackend(BackendV2):  # type: ignore[misc]
    """A backend of a service; everything except its configuration is fetched on first use.

    Fields of the configuration are attributes of the backend (``backend.simulator``,
    ``backend.basis_gates``, …). Accessing them sends no request, even if a field is missing.
    Calibration, target and pulse defaults are fetched on first use and cached until
    :meth:`refresh`; pulse defaults only when pulses are accessed.

    A copy shares service and connection. A pickle contains no token: when it is loaded, it finds
    its service as a pickled service does.

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService

        service = QiskitRuntimeService(channel="local")
        backend = service.backend("fake_manila")
        print(backend.num_qubits, backend.status().pending_jobs)
    """

    id_warning_issued = False

    def __init__(
        self,
        configuration: QasmBackendConfiguration,
        service: QiskitRuntimeService | None,
        api_client: RuntimeClient | None,
        instance: str | None = None,
    ) -> None:
        """Create a backend; users get backends from ``service.backend(name)``."""
        super().__init__(
            name=configuration.backend_name,
            online_date=configuration.online_date,
            backend_version=configuration.backend_version,
            description=getattr(configuration, "description", None),
        )
        self._instance = instance
        self._service = service
        self._api_client = api_client
        self._configuration = configuration
        self._forget()
        self._max_circuits = getattr(configuration, "max_experiments", None)
        self._add_validators()

    def _forget(self) -> None:
        self._properties: Any = _UNKNOWN
        self._defaults: Any = _UNKNOWN
        self._pulses: Any = None
        self._faulty: tuple[Any, FaultyParts] | None = None
        self._drop_target()

    def _drop_target(self) -> None:
        self._target: Any = None
        self._outline: Any = None
        self._coupling_map = None  # terra 0.24 and later cache it separately from the target

    def _add_validators(self) -> None:
        configuration = self._configuration
        bounds = {"shots": (1, getattr(configuration, "max_shots", None))}
        if getattr(configuration, "rep_delay_range", None):
            bounds["rep_delay"] = tuple(configuration.rep_delay_range)
        for name, (low, high) in bounds.items():
            if hasattr(self.options, name) and high is not None:
                self.options.set_validator(name, (low, high))
        if not configuration.simulator:
            for name in ("noise_model", "seed_simulator"):
                if hasattr(self.options, name):
                    self.options.set_validator(name, type(None))

    def __getattr__(self, name: str) -> Any:
        """Look up a field of the configuration; sends no request."""
        if not name.startswith("_"):
            try:
                return getattr(self.__dict__["_configuration"], name)
            except (AttributeError, KeyError):
                pass
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    @classmethod
    def _default_options(cls) -> Options:
        return Options(
            shots=4000,
            memory=False,
            qubit_lo_freq=None,
            meas_lo_freq=None,
            schedule_los=None,
            meas_level=MeasLevel.CLASSIFIED,
            meas_return=MeasReturnType.AVERAGE,
            memory_slots=None,
            memory_slot_size=100,
            rep_time=None,
            rep_delay=None,
            init_qubits=True,
            use_measure_esp=None,
            noise_model=None,
            seed_simulator=None,
        )

    @property
    def service(self) -> QiskitRuntimeService | None:
        """Service of the backend."""
        return self._service

    @property
    def num_qubits(self) -> int:
        """Number of qubits; accessing it sends no request."""
        return self._configuration.n_qubits  # type: ignore[no-any-return]

    @property
    def dt(self) -> float | None:
        """Time resolution of pulses in seconds, or ``None``; accessing it sends no request."""
        return getattr(self._configuration, "dt", None)

    @property
    def coupling_map(self) -> CouplingMap | None:
        """Coupling map of the qubits; ``None`` if every gate works on all qubits.

        Accessing it sends no request. Faulty couplings are omitted once the calibration has been
        fetched by ``backend.target`` or ``backend.properties()``.
        """
        if self._coupling_map is None:
            self._coupling_map = self._known_target().build_coupling_map()
        return self._coupling_map

    def _known_target(self) -> Any:
        """Return the target; without calibration if that has not been fetched."""
        if self._configuration.simulator or self._properties is not _UNKNOWN:
            return self.target
        if self._outline is None:
            self._outline = build_target(self._configuration, None, None)
        return self._outline

    @property
    def dtm(self) -> float:
        """Time resolution of measurements in seconds.

        Raises:
            AttributeError: If the configuration lacks it, as for simulators.
        """
        return self._field("dtm")  # type: ignore[no-any-return]

    @property
    def max_circuits(self) -> int | None:
        """Maximum number of circuits per job; ``None`` if there is no limit."""
        return self._max_circuits

    @property
    def meas_map(self) -> list[list[int]]:
        """Groups of qubits that are measured together.

        Raises:
            AttributeError: If the configuration lacks them, as for simulators.
        """
        return self._field("meas_map")  # type: ignore[no-any-return]

    def _field(self, name: str) -> Any:
        try:
            return getattr(self._configuration, name)
        except AttributeError:
            raise AttributeError(f"The configuration of {self.name} has no {name}.") from None

    @property
    def target(self) -> Target:
        """Target for the transpiler, with errors and durations in seconds.

        Faulty qubits and gates are omitted. Pulses are fetched when one is accessed.
        """
        if self._target is None:
            self._target = build_target(
                self._configuration, self.properties(), self._pulse_source()
            )
        return self._target

    def target_history(self, datetime: python_datetime | None = None) -> Target:
        """Return the target at a point in time; the backend's own target is unchanged.

        Args:
            datetime: The point in time, in local time if it has no time zone; now by default.
        """
        properties = self.properties(datetime=datetime)
        return build_target(self._configuration, properties, self._pulse_source())

    def _pulse_source(self) -> Any:
        """Return the function that fetches pulse entries; ``None`` if pulses are unsupported."""
        return self._pulse_entries if getattr(self._configuration, "open_pulse", False) else None

    def _pulse_entries(self) -> dict[tuple[str, tuple[int, ...]], Any]:
        if self._pulses is None:
            defaults = self.defaults()
            self._pulses = pulse_entries(defaults) if defaults else {}
        found: dict[tuple[str, tuple[int, ...]], Any] = self._pulses
        return found

    def properties(
        self, refresh: bool = False, datetime: python_datetime | None = None
    ) -> BackendProperties | None:
        """Return the calibration, which is fetched once and cached.

        Args:
            refresh: Whether to fetch the calibration again.
            datetime: Point in time of the calibration, in local time if it has no time zone;
                such a calibration is not cached.

        Returns:
            The calibration with local times; ``None`` for backends without one, such as
            simulators.

        Raises:
            TypeError: If an argument is of the wrong type.
        """
        if self._configuration.simulator:
            return None
        if not isinstance(refresh, bool):
            raise TypeError(f"The 'refresh' argument needs to be a boolean, not {refresh!r}.")
        if datetime:
            if not isinstance(datetime, python_datetime):
                raise TypeError(
                    f"The 'datetime' argument needs to be a datetime, not {datetime!r}."
                )
            return self._fetch_properties(datetime=local_to_utc(datetime))
        if refresh or self._properties is _UNKNOWN:
            self._properties = self._fetch_properties()
            self._drop_target()
        return self._properties

    def _fetch_properties(self, **moment: Any) -> Any:
        raw = self._client().backend_properties(self.name, **moment)
        return properties_from_server_data(raw) if raw else None

    def defaults(self, refresh: bool = False) -> PulseDefaults | None:
        """Return the pulse defaults, which are fetched once and cached.

        Args:
            refresh: Whether to fetch the pulse defaults again.

        Returns:
            The pulse defaults; ``None`` if the backend has none.
        """
        if refresh or self._defaults is _UNKNOWN:
            raw = self._client().backend_pulse_defaults(self.name)
            self._defaults = defaults_from_server_data(raw) if raw else None
            if refresh:
                self._pulses = None
                self._drop_target()
        return self._defaults

    def refresh(self) -> None:
        """Fetch the configuration again; calibration, defaults and target follow on next use.

        Raises:
            IBMBackendApiProtocolError: If the configuration has an unknown format.
        """
        raw = self._client().backend_configuration(self.name)
        configuration = configuration_from_server_data(raw, self._instance or "")
        if configuration is None:
            raise IBMBackendApiProtocolError(
                f"Backend {self.name} cannot be refreshed: the service returned its configuration "
                "in an unknown format."
            )
        self._configuration = configuration
        self._max_circuits = getattr(configuration, "max_experiments", None)
        self._forget()
        self._add_validators()

    def status(self) -> BackendStatus:
        """Fetch the operational status and the number of pending jobs.

        Raises:
            IBMBackendApiProtocolError: If the status has an unknown format.
        """
        answer = self._client().backend_status(self.name)
        try:
            return BackendStatus.from_dict(answer)
        except (AttributeError, TypeError) as exc:
            raise IBMBackendApiProtocolError(
                f"Unexpected answer when getting backend status of {self.name}: {exc}"
            ) from exc

    def configuration(self) -> QasmBackendConfiguration:
        """Return the configuration; sends no request."""
        return self._configuration

    def drive_channel(self, qubit: int) -> DriveChannel:
        """Return the pulse channel that drives a qubit."""
        return self._channel("drive", qubit=qubit)

    def measure_channel(self, qubit: int) -> MeasureChannel:
        """Return the pulse channel that stimulates the measurement of a qubit."""
        return self._channel("measure", qubit=qubit)

    def acquire_channel(self, qubit: int) -> AcquireChannel:
        """Return the channel that reads a qubit out."""
        return self._channel("acquire", qubit=qubit)

    def control_channel(self, qubits: Iterable[int]) -> list[ControlChannel]:
        """Return the pulse channels that couple the qubits of an edge."""
        return self._channel("control", qubits=qubits)  # type: ignore[no-any-return]

    def _channel(self, kind: str, **places: Any) -> Any:
        find = getattr(self._configuration, kind, None)
        if find is None:
            raise AttributeError(
                f"Backend {self.name} does not support pulses, so it has no channels."
            )
        return find(**places)

    def run(self, *args: Any, **kwargs: Any) -> None:
        """Raise an error, as circuits run through primitives or programs.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError(
            "IBMBackend.run() is not supported in the Qiskit Runtime environment. Use Sampler or "
            "Estimator, or service.run(program_id='circuit-runner', ...)."
        )

    def check_faulty(self, circuit: QuantumCircuit) -> None:
        """Check that a circuit for this backend uses no faulty qubit, edge or gate.

        The check includes the bodies of control flow and ignores barriers and delays. Backends
        without a calibration have no known faults.

        Raises:
            ValueError: If an instruction acts on a faulty qubit, edge or gate.
        """
        properties = self.properties()
        if not properties:
            return
        if self._faulty is None or self._faulty[0] is not properties:
            self._faulty = (properties, FaultyParts.of(properties))
        check(circuit, self._faulty[1])

    def _client(self) -> Any:
        if self._api_client is None and self._service is not None:
            self._api_client = self._service._api_client
        return self._api_client

    def __call__(self) -> IBMBackend:
        """Return the backend itself, for code that treats it as a factory."""
        return self

    def _repr_html_(self) -> str:
        from ._display.cards import backend_card

        return backend_card(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}('{self.name}')>"

    def __copy__(self) -> IBMBackend:
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__, _options=copy(self._options))
        return copied

    def __deepcopy__(self, memo: dict[int, Any]) -> IBMBackend:
        # Data of the service is never modified in place, so copies can share it.
        return self.__copy__()

    def __getstate__(self) -> dict[str, Any]:
        """Omit the connection, and data such as the target that can be fetched again."""
        again = ("_api_client", "_target", "_outline", "_coupling_map", "_pulses", "_faulty")
        return {**self.__dict__, **dict.fromkeys(again)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Earlier pickles list what was not fetched yet, and hold ``None`` for it.
        unasked = state.pop("_unasked", ())
        self.__dict__.update(state, **dict.fromkeys(unasked, _UNKNOWN))


class IBMRetiredBackend(IBMBackend):
    """Placeholder for a backend that is no longer available to the account.

    .. code-block:: python

        from qiskit_ibm_runtime.ibm_backend import IBMRetiredBackend

        backend = IBMRetiredBackend.from_name("ibmq_lima")
        assert not backend.status().operational
    """

    def __init__(
        self,
        configuration: QasmBackendConfiguration,
        service: QiskitRuntimeService | None,
        api_client: RuntimeClient | None = None,
    ) -> None:
        """Create a placeholder; :meth:`from_name` needs only the name."""
        super().__init__(configuration, service, api_client)
        self._status = BackendStatus(
            backend_name=self.name,
            backend_version=configuration.backend_version,
            operational=False,
            pending_jobs=0,
            status_msg="This backend is no longer available.",
        )

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=4000)

    def properties(self, refresh: bool = False, datetime: python_datetime | None = None) -> None:
        """Return ``None``, as the calibration is no longer available."""

    def defaults(self, refresh: bool = False) -> None:
        """Return ``None``, as the pulse defaults are no longer available."""

    def status(self) -> BackendStatus:
        """Return a status that marks the backend as unavailable; sends no request."""
        return self._status

    def refresh(self) -> None:
        """Do nothing, as the service no longer provides the backend."""

    @classmethod
    def from_name(cls, backend_name: str, api: RuntimeClient | None = None) -> IBMRetiredBackend:
        """Create a placeholder with one qubit.

        Args:
            backend_name: Name of the backend.
            api: Client of the service.
        """
        configuration = QasmBackendConfiguration(
            backend_name=backend_name,
            backend_version="0.0.0",
            online_date=python_datetime(2019, 10, 16, tzinfo=timezone.utc),
            n_qubits=1,
            basis_gates=[],
            simulator=False,
            local=False,
            conditional=False,
            open_pulse=False,
            memory=False,
            max_shots=1,
            gates=[],
            coupling_map=[[0, 1]],
            max_experiments=300,
        )
        return cls(configuration, None, api)
