"""Instances of an account, and the service and instance in which a run finds its backend."""

from __future__ import annotations

import logging
import warnings
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from qiskit.providers.exceptions import QiskitBackendNotFoundError

from qiskit_ibm_runtime.accounts import Account
from qiskit_ibm_runtime.accounts.validation import CLOUD_CHANNELS
from qiskit_ibm_runtime.api.http.concurrency import failures, run_concurrently
from qiskit_ibm_runtime.exceptions import IBMAccountError, IBMError, IBMInputValueError
from qiskit_ibm_runtime.ibm_backend import IBMBackend
from qiskit_ibm_runtime.utils.arguments import choices
from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel
from qiskit_ibm_runtime.utils.hgp import from_instance_format, to_instance_format

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qiskit_ibm_runtime.hub_group_project import HubGroupProject
    from qiskit_ibm_runtime.qiskit_runtime_service import QiskitRuntimeService

logger = logging.getLogger(__name__)

# The open project, which every account has, is searched last.
OPEN_PROJECTS = "ibm-q/open/"


def instances_of(
    service: QiskitRuntimeService, entries: Iterable[Mapping[str, str]]
) -> OrderedDict[str, HubGroupProject]:
    """Return the instances of an account by name, in the order in which to search for a backend.

    Args:
        service: The service of the account.
        entries: Hub, group and project of each instance, in the order of the service. Invalid
            entries are logged and skipped.

    Raises:
        IBMAccountError: If the account has no instances.
    """
    from qiskit_ibm_runtime.hub_group_project import HubGroupProject  # imports requests

    hgps = OrderedDict()
    for entry in entries:
        try:
            name = to_instance_format(entry["hub"], entry["group"], entry["project"])
            hgps[name] = HubGroupProject(service._client_params, name, service)
        except (IBMError, KeyError, TypeError) as exc:
            logger.warning("Skipping the invalid instance %s: %s", entry, exc)
    if not hgps:
        raise IBMAccountError(
            "No hub/group/project could be found for this account. "
            "Ask the administrator of your hub for access to one."
        )
    for name in [name for name in hgps if name.startswith(OPEN_PROJECTS)]:
        hgps.move_to_end(name)
    preferred = service._account.instance
    if preferred and preferred in hgps:
        hgps.move_to_end(preferred, last=False)
    elif preferred:
        warnings.warn(
            f"The instance {preferred} was not found for the account and is ignored. "
            f"Instances of the account: {', '.join(hgps)}.",
            stacklevel=caller_stacklevel(),
        )
    return hgps


def list_backends(hgps: Mapping[str, HubGroupProject], url: str | None) -> dict[str, Any]:
    """Return a dict from the names of all instances' backends to ``None``.

    Instances that cannot be listed are skipped with one warning; if none can be listed, the first
    error is raised.

    Args:
        hgps: The instances, listed with concurrent requests.
        url: URL of the runtime, whose scheme determines the number of connections.

    Raises:
        IBMNotAuthorizedError: If the service refuses the credentials.
    """
    lists = run_concurrently(lambda hgp: hgp.backends, hgps.values(), url)
    failed = failures(hgps, lists)
    if failed and len(failed) == len(hgps):
        raise next(iter(failed.values()))
    if failed:
        reasons = "; ".join(
            f"{name}: {getattr(error, 'message', error)}" for name, error in failed.items()
        )
        warnings.warn(
            f"Skipped instances whose backends could not be listed: {reasons}. The other instances "
            "are not affected.",
            stacklevel=caller_stacklevel(),
        )
    listed = [each.result() for name, each in zip(hgps, lists) if name not in failed]
    return {name: None for names in listed for name in names}


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


def instance_for(service: QiskitRuntimeService, instance: str | None, backend: Any) -> str | None:
    """Return the hub/group/project for running jobs on a backend; ``None`` on ``ibm_cloud``.

    Args:
        service: The service.
        instance: The requested instance, if any.
        backend: Name of the backend.

    Raises:
        IBMInputValueError: If the instance is malformed or unknown.
        QiskitBackendNotFoundError: If there is no such backend.
    """
    if service.channel not in CLOUD_CHANNELS:
        return service._get_hgp(instance, backend).name
    if backend and backend not in service._backends:
        raise QiskitBackendNotFoundError(
            f"No backend matches the criteria: this service instance has no backend "
            f"{backend!r}. Available: {choices(backend, service._backends)}."
            f"{why_missing(service, backend)}"
        )
    return None


def service_for(service: QiskitRuntimeService | None, backend: Any) -> QiskitRuntimeService | None:
    """Return the service to use for a backend.

    For a backend object of another account than ``service``, this is the backend's own service,
    with a warning. Test doubles are never replaced.
    """
    if not isinstance(backend, IBMBackend):
        return service
    own: QiskitRuntimeService | None = backend.service
    if service is None or own is None or not (_account(service) and _account(own)):
        return own if service is None else service
    if same_account(service, own):
        return service
    warnings.warn(
        f"Backend {backend.name!r} does not belong to the given service; using the backend's own "
        "service.",
        stacklevel=caller_stacklevel(),
    )
    return own


def same_account(one: Any, other: Any) -> bool:
    """Return whether two services have the same account and channel."""
    account = _account(one)
    return one is other or (
        account is not None and account == _account(other) and one.channel == other.channel
    )


def _account(service: Any) -> Account | None:
    account = getattr(service, "_account", None)
    return account if isinstance(account, Account) else None


def name_today(service: Any, name: Any) -> Any:
    """Return the name of a backend, or of the user's substitute for it."""
    client = getattr(service, "_api_client", None)
    ask = getattr(type(client), "name_today", None)
    return name if ask is None else ask(client, name)


def why_missing(service: Any, name: Any) -> str:
    """Explain why a backend is missing, as text to append to an error; may be empty."""
    client = getattr(service, "_api_client", None)
    ask = getattr(type(client), "why_missing", None)
    return "" if ask is None else str(ask(client, name))
