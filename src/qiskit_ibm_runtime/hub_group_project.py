"""One hub/group/project of an account."""

from __future__ import annotations

from typing import Any

from .api.clients.runtime import RuntimeClient
from .utils.hgp import from_instance_format, to_instance_format


class HubGroupProject:
    """An instance of the quantum channel and the names of its backends."""

    def __init__(self, client_params: Any, instance: str, service: Any) -> None:
        self._hub, self._group, self._project = from_instance_format(instance)
        self._service = service
        self._runtime_client = RuntimeClient(client_params)
        self._backends: list[str] = []

    @property
    def name(self) -> str:
        """Return ``hub/group/project``."""
        return to_instance_format(self._hub, self._group, self._project)

    @property
    def backends(self) -> list[str]:
        """Names of the backends, fetched at first access."""
        if not self._backends:
            self._backends = list(dict.fromkeys(self._runtime_client.list_backends(self.name)))
        return self._backends

    @backends.setter
    def backends(self, value: list[str]) -> None:
        self._backends = value

    def has_backend(self, name: str) -> bool:
        """Whether the backend is among those fetched."""
        return name in self._backends

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HubGroupProject) and self.name == other.name

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        parts = f"hub='{self._hub}', group='{self._group}', project='{self._project}'"
        return f"<HubGroupProject({parts})>"
