"""The configuration of a device with pulses, its channels sorted when somebody asks for one."""

from __future__ import annotations

from typing import Any

from qiskit.providers.models import PulseBackendConfiguration

# What terra makes of the channels while it constructs a configuration.
_MAPS = ("_qubit_channel_map", "_channel_qubit_map", "_control_channels")


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
