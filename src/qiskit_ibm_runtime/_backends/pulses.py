"""Configurations and targets whose channels and pulses are created on first access."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qiskit.providers.models import PulseBackendConfiguration
from qiskit.pulse import InstructionScheduleMap
from qiskit.transpiler.target import InstructionProperties, Target

# Returns the pulse entries of all gates, keyed by name and qubits; called on first access.
Pulses = Callable[[], "dict[tuple[str, tuple[int, ...]], Any]"]
# Attributes that terra derives from the channels in its constructor.
_MAPS = ("_qubit_channel_map", "_channel_qubit_map", "_control_channels")


class PulseAwareProperties(InstructionProperties):  # type: ignore[misc]
    """Error and duration of an instruction, with pulses looked up on first access."""

    __slots__ = ("_entry", "_key", "_pulses")

    def __init__(
        self,
        key: tuple[str, tuple[int, ...]],
        pulses: Pulses | None,
        duration: float | None = None,
        error: float | None = None,
    ) -> None:
        self._key = key
        self._entry: Any = None
        self._pulses: Pulses | None = None
        super().__init__(duration=duration, error=error)
        self._pulses = pulses  # after the base constructor, which resets the calibration

    @property
    def _calibration(self) -> Any:
        if self._pulses is not None:
            self._entry = self._pulses().get(self._key)
            self._pulses = None
        return self._entry

    @_calibration.setter
    def _calibration(self, entry: Any) -> None:
        self._entry = entry
        self._pulses = None

    def __deepcopy__(self, memo: dict[int, Any]) -> PulseAwareProperties:
        copied = type(self)(self._key, self._pulses, self.duration, self.error)
        if self._pulses is None:
            copied._calibration = self._entry
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        return InstructionProperties, (self.duration, self.error, self._entry)

    def __repr__(self) -> str:
        return f"InstructionProperties(duration={self.duration}, error={self.error})"


class LazyPulseTarget(Target):  # type: ignore[misc]
    """A target with an instruction schedule map that is filled on first access.

    Before transpiling, terra requests the map only to check it for custom gates.
    """

    _instruction_schedule_map: Any

    def instruction_schedule_map(self) -> InstructionScheduleMap:
        """Return the schedules of all instructions."""
        if self._instruction_schedule_map is None:
            self._instruction_schedule_map = _LazyScheduleMap(self._filled_map)
        return self._instruction_schedule_map

    def _filled_map(self) -> InstructionScheduleMap:
        filled = InstructionScheduleMap()
        for name, places in self.items():
            for place, properties in places.items():
                entry = getattr(properties, "_calibration", None)
                if entry is not None:
                    filled._add(name, place, entry)
        return filled


class _LazyScheduleMap(InstructionScheduleMap):  # type: ignore[misc]
    """An instruction schedule map that is filled on first access."""

    def __init__(self, fill: Callable[[], InstructionScheduleMap]) -> None:
        super().__init__()
        self._fill: Callable[[], InstructionScheduleMap] | None = fill

    def has_custom_gate(self) -> bool:
        """Return whether there is a custom gate, without filling the map."""
        return self._fill is None and bool(super().has_custom_gate())

    def _content(self) -> dict[str, Any]:
        fill = self.__dict__.get("_fill")
        if fill is not None:
            self._fill = None
            filled = fill()
            self.__dict__.update(own_map=filled._map, own_qubits=filled._qubit_instructions)
        return self.__dict__

    @property
    def _map(self) -> Any:
        return self._content()["own_map"]

    @_map.setter
    def _map(self, value: Any) -> None:
        self.__dict__["own_map"] = value

    @property
    def _qubit_instructions(self) -> Any:
        return self._content()["own_qubits"]

    @_qubit_instructions.setter
    def _qubit_instructions(self, value: Any) -> None:
        self.__dict__["own_qubits"] = value

    def __getstate__(self) -> dict[str, Any]:
        """Fill the map before copying it, because a copy may outlive the connection."""
        return dict(self._content())


class PulseConfiguration(PulseBackendConfiguration):  # type: ignore[misc]  # terra ships no types
    """Pulse configuration whose channels are created on first access; 127 qubits have 1,600.

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService

        backend = QiskitRuntimeService(channel="local").backend("fake_manila")
        print(backend.configuration().drive(0))  # creates the channels
    """

    def __init__(self, *args: Any, channels: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Accept the arguments of terra's ``PulseBackendConfiguration``."""
        super().__init__(*args, **kwargs)
        if channels is not None:
            self.channels = channels
            del self._control_channels  # recreated on first access, with the other two

    def __getattr__(self, name: str) -> Any:
        if name in _MAPS and "channels" in self.__dict__:
            self.__dict__.update(zip(_MAPS, self._parse_channels(channels=self.channels)))
            return self.__dict__[name]
        return super().__getattr__(name)

    def to_dict(self) -> dict[str, Any]:
        """Return the document that :meth:`from_dict` accepts."""
        _ = self.control_channels  # terra removes them from the document, so they must exist
        return super().to_dict()  # type: ignore[no-any-return]
