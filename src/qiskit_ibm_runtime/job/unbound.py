"""What a job has in place of its service after it was pickled."""

from __future__ import annotations

from typing import NoReturn

from qiskit_ibm_runtime.exceptions import IBMRuntimeError


class Unbound:
    """Stands in for service, client and parameters, which hold a token and are never pickled."""

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise IBMRuntimeError(
            f"Job {self._job_id} was pickled, and credentials are never pickled with a job. "
            f"What was known then is still there; for everything else use "
            f"service.job({self._job_id!r}) of a QiskitRuntimeService."
        )
