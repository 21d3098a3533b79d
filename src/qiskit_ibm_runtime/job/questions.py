"""What a job asks of the service."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from qiskit_ibm_runtime.api.clients.worker_pool import WorkerPool
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.exceptions import IBMRuntimeError, RuntimeInvalidStateError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Requests of all jobs of one service that run beside the threads that wait for them.
MOST_REQUESTS = 8
_pools: WeakKeyDictionary[Any, WorkerPool] = WeakKeyDictionary()


def ask_record(api_client: Any, job_id: str) -> dict[str, Any]:
    """Return a job's record, without its inputs if the client and the service can leave them out.

    The client of 0.9.3, and doubles of it, know ``job_get`` only.
    """
    ask = getattr(api_client, "job_state", None)
    if ask is not None:
        try:
            return cast("dict[str, Any]", ask(job_id=job_id))
        except RequestsApiError as exc:
            # An older service may refuse the unknown parameter.
            if exc.status_code != 400:
                raise
    return cast("dict[str, Any]", api_client.job_get(job_id=job_id))


def pool_of(api_client: Any) -> WorkerPool:
    """Return the workers that all jobs of one client share."""
    try:
        return _pools.setdefault(api_client, WorkerPool(MOST_REQUESTS, "job-request"))
    except TypeError:  # A double may be something that cannot be a key.
        return WorkerPool(MOST_REQUESTS, "job-request")


@contextmanager
def explained(what: str, job_id: str, conflict: str = "") -> Iterator[None]:
    """Say what a failed request was about; what is known of its failure is kept.

    Args:
        what: Start of the message.
        job_id: The job.
        conflict: Start of the message if the state of the job does not allow the request.

    Raises:
        RuntimeInvalidStateError: If the state of the job does not allow it.
        IBMRuntimeError: If it failed otherwise.
    """
    try:
        yield
    except RequestsApiError as exc:
        if exc.status_code == 409 and conflict:
            raise RuntimeInvalidStateError(
                f"{conflict} (job {job_id}): {exc.message}", failure=exc.failure
            ) from None
        raise IBMRuntimeError(
            f"{what} (job {job_id}): {exc.message}", failure=exc.failure
        ) from None
