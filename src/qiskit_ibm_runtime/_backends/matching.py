"""Resolution of the service and the instance of a backend."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from qiskit.providers.exceptions import QiskitBackendNotFoundError

from qiskit_ibm_runtime.accounts import Account
from qiskit_ibm_runtime.accounts.validation import CLOUD_CHANNELS
from qiskit_ibm_runtime.checks import choices
from qiskit_ibm_runtime.ibm_backend import IBMBackend
from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel

if TYPE_CHECKING:
    from qiskit_ibm_runtime.qiskit_runtime_service import QiskitRuntimeService


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
