"""The backend of a job, looked for when somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.providers.exceptions import QiskitBackendNotFoundError

from .exceptions import IBMInputValueError
from .refusals import explained

if TYPE_CHECKING:
    from .qiskit_runtime_service import QiskitRuntimeService


class BackendOfJob:
    """Finds the backend of one job at the first call.

    A job is made without any request for its backend: a listing of old jobs may name devices that
    are gone, or instances that the account has left, and most of them nobody looks at.
    """

    def __init__(
        self,
        service: QiskitRuntimeService,
        job_id: str,
        name: str | None = None,
        instance: str | None = None,
    ) -> None:
        """Note where to look.

        Args:
            service: Service of the job.
            job_id: The job.
            name: Name of its backend, if the service told it.
            instance: ``hub/group/project`` of the job, if there is one.
        """
        self._service = service
        self._job_id = job_id
        self._name = name
        self._instance = instance
        self._backend: Any = None

    def __call__(self) -> Any:
        """Return the backend; a placeholder if the account does not see it any more.

        As long as the service has chosen none for the job, this is its first backend.

        Raises:
            IBMRuntimeError: If the service cannot be asked.
        """
        if self._backend is None:
            with explained("Failed to get job backend"):
                name = self._name or self._service._api_client.job_get(self._job_id).get("backend")
                if not name:
                    return self._service.backend()
                self._backend = find_backend(self._service, name, self._instance)
        return self._backend


def find_backend(service: QiskitRuntimeService, name: str, instance: str | None) -> Any:
    """Return a backend, if need be from another instance, or else a placeholder of that name."""
    for place in dict.fromkeys((instance, None)):
        try:
            return service.backend(name, instance=place)
        except (IBMInputValueError, QiskitBackendNotFoundError):
            continue
    from .ibm_backend import IBMRetiredBackend

    return IBMRetiredBackend.from_name(name, api=service._api_client)
