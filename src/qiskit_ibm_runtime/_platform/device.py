"""The device that circuits are transpiled for, with a cache of transpiled circuits."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import Any

from qiskit_ibm_runtime.exceptions import IBMBackendApiProtocolError
from qiskit_ibm_runtime.utils.backend_converter import build_target
from qiskit_ibm_runtime.utils.backend_decoder import (
    configuration_from_server_data,
    properties_from_server_data,
)

from .backend_documents import Configuration, readout_errors
from .isa import Timing

_CACHE_SIZE = 512


class Device:
    """A backend's target and calibration, and a cache of circuits transpiled for it.

    Attributes:
        name: Name of the backend.
        configuration: Configuration as built by :mod:`.backend_documents`.
        properties: Calibration as built by :mod:`.backend_documents`; empty if there is none.
    """

    def __init__(
        self, name: str, configuration: dict[str, Any], properties: dict[str, Any]
    ) -> None:
        self.name, self.configuration, self.properties = name, configuration, properties
        self._transpiled: dict[Any, Any] = {}
        self._lock = threading.Lock()

    @property
    def qubits(self) -> int:
        """Number of qubits."""
        return int(self.configuration["n_qubits"])

    @property
    def is_simulator(self) -> bool:
        """Whether the backend is a simulator."""
        return bool(self.configuration["simulator"])

    @cached_property
    def target(self) -> Any:
        """Target for terra's transpiler.

        Raises:
            IBMBackendApiProtocolError: If the service returned a malformed configuration.
        """
        # Delays are aligned later, when a circuit is lowered. Given alignment constraints, terra
        # rejects unscheduled circuits with delays.
        described = Configuration(self.configuration, timing_constraints={})
        configuration = configuration_from_server_data(described)
        if configuration is None:
            raise IBMBackendApiProtocolError(
                f"The service returned a malformed configuration of backend {self.name!r}."
            )
        found = properties_from_server_data(self.properties) if self.properties else None
        return build_target(configuration, found, None)

    @cached_property
    def timing(self) -> Timing:
        """Unit and alignment of durations."""
        dt = self.configuration.get("dt")
        given = self.configuration.get("timing_constraints") or {}
        multiple = max(
            (given[name] for name in ("pulse_alignment", "acquire_alignment") if given.get(name)),
            default=1,
        )
        return Timing(dt * 1e-9 if dt else None, int(multiple))

    @cached_property
    def readout(self) -> list[tuple[float, float]]:
        """P(read 1 | is 0) and P(read 0 | is 1) of each qubit."""
        return readout_errors(self.properties)

    def places_of(self, name: str) -> Any:
        """Return the qargs of an instruction: ``None`` if global, ``False`` if unsupported."""
        if name not in self.target.operation_names:
            return False
        places = self.target[name]
        return None if places is None or None in places else places

    def cached(self, key: Any) -> Any:
        """Return the cached value of a key, or ``None``."""
        with self._lock:
            found = self._transpiled.pop(key, None)
            if found is not None:
                self._transpiled[key] = found
            return found

    def cache(self, key: Any, value: Any) -> None:
        """Cache a value, dropping the least recently used one if the cache is full."""
        with self._lock:
            self._transpiled[key] = value
            while len(self._transpiled) > _CACHE_SIZE:
                del self._transpiled[next(iter(self._transpiled))]
