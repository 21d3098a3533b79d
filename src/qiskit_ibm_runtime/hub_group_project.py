"""The hub/group/projects of an account, and the names of their backends."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from qiskit.providers.exceptions import QiskitBackendNotFoundError

from .api.clients.runtime import RuntimeClient
from .api.http.concurrency import failures, run_concurrently
from .checks import choices
from .exceptions import IBMError, IBMInputValueError
from .utils.hgp import from_instance_format, to_instance_format

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .api.client_parameters import ClientParameters
    from .qiskit_runtime_service import QiskitRuntimeService

logger = logging.getLogger(__name__)

# The open project, which every account has, is searched last.
OPEN_PROJECTS = "ibm-q/open/"


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

        Args:
            client_params: Connection parameters of the service.
            instance: ``hub/group/project``.
            service: The service of the account.

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


def make_instances(
    client_params: ClientParameters,
    entries: Iterable[Mapping[str, str]],
    service: QiskitRuntimeService,
    preferred: str | None = None,
) -> OrderedDict[str, HubGroupProject]:
    """Create the instances of an account, in the order in which to search them for a backend.

    Args:
        client_params: Connection parameters of the service.
        entries: Hub, group and project of each instance, in the order of the service.
        service: The service of the account.
        preferred: The instance of the account's settings, which comes first.

    Returns:
        The instances by name. Invalid entries are logged and skipped.
    """
    made = OrderedDict()
    for entry in entries:
        try:
            hgp = HubGroupProject(
                client_params,
                to_instance_format(entry["hub"], entry["group"], entry["project"]),
                service,
            )
        except (IBMError, KeyError, TypeError) as exc:
            logger.warning("Skipping the invalid instance %s: %s", entry, exc)
        else:
            made[hgp.name] = hgp
    for name in [name for name in made if name.startswith(OPEN_PROJECTS)]:
        made.move_to_end(name)
    if preferred and preferred in made:
        made.move_to_end(preferred, last=False)
    return made


def find_instance(
    hgps: Mapping[str, HubGroupProject], instance: str | None = None, backend_name: Any = None
) -> HubGroupProject:
    """Return the named instance, else the first that has the backend, else the first of all.

    Raises:
        IBMInputValueError: If the name is malformed, or the account has no such instance.
        QiskitBackendNotFoundError: If no searched instance has the backend.
    """
    if instance:
        from_instance_format(instance)
        if instance not in hgps:
            raise IBMInputValueError(
                f"Hub/group/project {instance} could not be found for this account. "
                f"It has: {', '.join(hgps)}."
            )
        if backend_name and backend_name not in hgps[instance].backends:
            raise QiskitBackendNotFoundError(
                f"Backend {backend_name} cannot be found in hub/group/project {instance}. "
                f"It has {choices(backend_name, hgps[instance].backends)}."
            )
        return hgps[instance]
    if not backend_name:
        return next(iter(hgps.values()))
    for hgp in hgps.values():
        if hgp.has_backend(backend_name):
            return hgp
    kind = "" if isinstance(backend_name, str) else f" (a {type(backend_name).__name__})"
    everywhere = dict.fromkeys(name for hgp in hgps.values() for name in hgp._backends)
    raise QiskitBackendNotFoundError(
        f"Backend {backend_name}{kind} cannot be found in any hub/group/project. "
        f"There are {choices(backend_name, everywhere)}."
    )


def list_concurrently(
    hgps: Iterable[HubGroupProject], url: str | None = None
) -> tuple[list[str], dict[str, BaseException]]:
    """List the backend names of all instances with concurrent requests.

    Args:
        hgps: The instances.
        url: URL of the runtime, whose scheme determines the number of connections.

    Returns:
        All names in the order of the instances, and the errors by instance.

    Raises:
        IBMNotAuthorizedError: If the service refuses the credentials.
    """
    asked = list(hgps)
    lists = run_concurrently(lambda hgp: hgp.backends, asked, url)
    failed = failures((hgp.name for hgp in asked), lists)
    names = [
        name
        for hgp, listed in zip(asked, lists)
        if hgp.name not in failed
        for name in listed.result()
    ]
    return list(dict.fromkeys(names)), failed
