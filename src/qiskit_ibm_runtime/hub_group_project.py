"""An instance of the quantum channel: a hub/group/project of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .api.clients.runtime import RuntimeClient
from .utils.hgp import from_instance_format

if TYPE_CHECKING:
    from .api.client_parameters import ClientParameters
    from .qiskit_runtime_service import QiskitRuntimeService


class HubGroupProject:
    """An instance of the quantum channel and the names of its backends.

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService

        service = QiskitRuntimeService(channel="local")
        for hgp in service._hgps.values():
            print(hgp.name, hgp.backends)
    """

    def __init__(
        self, client_params: ClientParameters, instance: str, service: QiskitRuntimeService
    ) -> None:
        """Create the instance; sends no request.

        Raises:
            IBMInputValueError: If ``instance`` is not of the form ``hub/group/project``.
        """
        self._hub, self._group, self._project = from_instance_format(instance)
        self._name = instance
        self._service = service
        self._runtime_client = RuntimeClient(client_params)
        self._backends: list[str] = []

    @property
    def name(self) -> str:
        """The instance in the form ``hub/group/project``."""
        return self._name

    @property
    def backends(self) -> list[str]:
        """Names of the backends, fetched at first access, or again while the list is empty."""
        if not self._backends:
            self._backends = list(dict.fromkeys(self._runtime_client.list_backends(self.name)))
        return self._backends

    @backends.setter
    def backends(self, value: list[str]) -> None:
        self._backends = value

    def has_backend(self, name: str) -> bool:
        """Whether the fetched names include a backend; sends no request."""
        return name in self._backends

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HubGroupProject) and self.name == other.name

    __hash__ = None  # type: ignore[assignment]  # the equality of 0.9.3 is by name

    def __repr__(self) -> str:
        parts = f"hub='{self._hub}', group='{self._group}', project='{self._project}'"
        return f"<HubGroupProject({parts})>"
