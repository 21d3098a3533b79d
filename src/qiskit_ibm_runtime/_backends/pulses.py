"""Configurations and targets whose channels and pulses are made on first access."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qiskit.providers.models import PulseBackendConfiguration
from qiskit.pulse import InstructionScheduleMap
from qiskit.transpiler.target import InstructionProperties, Target

# Pulse entries of all gates, by name and qubits; called when somebody first looks at one.
Pulses = Callable[[], "dict[tuple[str, tuple[int, ...]], Any]"]
# What terra makes of the channels while it constructs a configuration.
_MAPS = ("_qubit_channel_map", "_channel_qubit_map", "_control_channels")


class PulseAwareProperties(InstructionProperties):  # type: ignore[misc]
    """Error and duration of an instruction; its pulses are looked up when somebody asks."""

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
        self._pulses = pulses  # after the constructor above, which sets "no calibration"

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


class PulsesOnTouchTarget(Target):  # type: ignore[misc]
    """A target that hands out its schedules as a map that is filled when it is looked into.

    Terra asks each target for its map before it transpiles, only to see that no gate of it is a
    user's own.
    """

    _instruction_schedule_map: Any

    def instruction_schedule_map(self) -> InstructionScheduleMap:
        """Return the schedules of all instructions."""
        if self._instruction_schedule_map is None:
            self._instruction_schedule_map = _MapOnTouch(self._filled_map)
        return self._instruction_schedule_map

    def _filled_map(self) -> InstructionScheduleMap:
        filled = InstructionScheduleMap()
        for name, places in self.items():
            for place, properties in places.items():
                entry = getattr(properties, "_calibration", None)
                if entry is not None:
                    filled._add(name, place, entry)
        return filled


class _MapOnTouch(InstructionScheduleMap):  # type: ignore[misc]
    """A map that is filled when somebody looks into it or adds to it."""

    def __init__(self, fill: Callable[[], InstructionScheduleMap]) -> None:
        super().__init__()
        self._fill: Callable[[], InstructionScheduleMap] | None = fill

    def has_custom_gate(self) -> bool:
        """Return whether a gate is a user's own: none is as long as nobody added one."""
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
        """Fill the map before it is copied: a copy may outlive the connection."""
        return dict(self._content())


class PulseConfiguration(PulseBackendConfiguration):  # type: ignore[misc]  # terra ships no types
    """Terra's configuration; of 127 qubits it would make 1,600 channels that few users look at.

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService

        backend = QiskitRuntimeService(channel="local").backend("fake_manila")
        print(backend.configuration().drive(0))  # now the channels are made
    """

    def __init__(self, *args: Any, channels: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Take what terra's configuration takes."""
        super().__init__(*args, **kwargs)
        if channels is not None:
            self.channels = channels
            del self._control_channels  # the first look makes it, with the two others

    def __getattr__(self, name: str) -> Any:
        if name in _MAPS and "channels" in self.__dict__:
            self.__dict__.update(zip(_MAPS, self._parse_channels(channels=self.channels)))
            return self.__dict__[name]
        return super().__getattr__(name)

    def to_dict(self) -> dict[str, Any]:
        """Return the document that :meth:`from_dict` takes."""
        _ = self.control_channels  # terra takes them out again, and so expects them
        return super().to_dict()  # type: ignore[no-any-return]
