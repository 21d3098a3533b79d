"""Requests that a job sends to the service."""

from __future__ import annotations

from typing import Any, cast
from weakref import WeakKeyDictionary

from qiskit_ibm_runtime.api.clients.runtime import RuntimeClient
from qiskit_ibm_runtime.api.concurrency import WorkerPool
from qiskit_ibm_runtime.api.exceptions import RequestsApiError

# Requests of all jobs of one service that run beside the threads that wait for them.
MOST_REQUESTS = 8
JOB_GET = RuntimeClient.job_get
_pools: WeakKeyDictionary[Any, WorkerPool] = WeakKeyDictionary()


def ask_record(api_client: Any, job_id: str, hold: int = 0) -> dict[str, Any]:
    """Return a job's record, without its inputs if the client and the service can leave them out.

    The service may hold its answer back for ``hold`` seconds, until the job ends.

    Doubles of the client, subclasses and patched ones among them, answer by ``job_get``, as in
    0.9.3.
    """
    if getattr(api_client.job_get, "__func__", None) is JOB_GET:
        try:
            wish = {"hold": hold} if hold else {}
            return cast("dict[str, Any]", api_client.job_state(job_id=job_id, **wish))
        except RequestsApiError as exc:
            # An older service may refuse the unknown parameter.
            if exc.status_code != 400:
                raise
    return cast("dict[str, Any]", api_client.job_get(job_id=job_id))


def pool_of(api_client: Any) -> WorkerPool:
    """Return the workers that all jobs of one client share."""
    try:
        pool = _pools.get(api_client)
        return pool or _pools.setdefault(api_client, WorkerPool(MOST_REQUESTS, "job-request"))
    except TypeError:  # A double may be something that cannot be a key.
        return WorkerPool(MOST_REQUESTS, "job-request")
