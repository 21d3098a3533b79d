"""A device as the bridge needs it: what circuits are transpiled for."""

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

from .documents import Configuration, readout_errors
from .isa import Timing

_MOST_REMEMBERED = 512


class Device:
    """One device, and the circuits that were transpiled for it.

    Attributes:
        name: Its name.
        configuration: What the service says of it, in the form of :mod:`.documents`.
        properties: Its calibration, likewise; empty without one.
    """

    def __init__(
        self, name: str, configuration: dict[str, Any], properties: dict[str, Any]
    ) -> None:
        self.name, self.configuration, self.properties = name, configuration, properties
        self._transpiled: dict[Any, Any] = {}
        self._lock = threading.Lock()

    @property
    def qubits(self) -> int:
        """How many qubits it has."""
        return int(self.configuration["n_qubits"])

    @property
    def is_simulator(self) -> bool:
        """Whether it only pretends."""
        return bool(self.configuration["simulator"])

    @cached_property
    def target(self) -> Any:
        """What terra's transpiler needs to know.

        Raises:
            IBMBackendApiProtocolError: If the service describes the device in an unknown form.
        """
        # Delays are aligned when a circuit is lowered; told of alignments, terra refuses circuits
        # that hold delays and are not scheduled.
        described = Configuration(self.configuration, timing_constraints={})
        configuration = configuration_from_server_data(described)
        if configuration is None:
            raise IBMBackendApiProtocolError(
                f"The service describes backend {self.name} in an unknown form."
            )
        found = properties_from_server_data(self.properties) if self.properties else None
        return build_target(configuration, found, None)

    @cached_property
    def timing(self) -> Timing:
        """How it counts time."""
        dt = self.configuration.get("dt")
        given = self.configuration.get("timing_constraints") or {}
        multiple = max(
            (given[name] for name in ("pulse_alignment", "acquire_alignment") if given.get(name)),
            default=1,
        )
        return Timing(dt * 1e-9 if dt else None, int(multiple))

    @cached_property
    def readout(self) -> list[tuple[float, float]]:
        """For each qubit how often 0 is read as 1, and 1 as 0."""
        return readout_errors(self.properties)

    def places_of(self, name: str) -> Any:
        """Return where an instruction works; ``None`` if everywhere, ``False`` if it is unknown."""
        if name not in self.target.operation_names:
            return False
        places = self.target[name]
        return None if places is None or None in places else places

    def remembered(self, key: Any) -> Any:
        """Return what was kept under a key, the most recent ones only; ``None`` otherwise."""
        with self._lock:
            found = self._transpiled.pop(key, None)
            if found is not None:
                self._transpiled[key] = found
            return found

    def remember(self, key: Any, value: Any) -> None:
        """Keep something."""
        with self._lock:
            self._transpiled[key] = value
            while len(self._transpiled) > _MOST_REMEMBERED:
                del self._transpiled[next(iter(self._transpiled))]
