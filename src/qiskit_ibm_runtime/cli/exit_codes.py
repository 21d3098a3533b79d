"""Exit codes, and their mapping from exceptions."""

from __future__ import annotations

from typing import Final

FAILED: Final = 1
USAGE_ERROR: Final = 2
NOT_AUTHORIZED: Final = 3
NOT_FOUND: Final = 4
JOB_FAILED: Final = 5
UNREACHABLE: Final = 6
TIMED_OUT: Final = 7
INTERRUPTED: Final = 130

TABLE: Final = f"""Exit codes:
 0 success
 {FAILED} rejected or failed
 {USAGE_ERROR} usage error
 {NOT_AUTHORIZED} no usable account, or not authorized
 {NOT_FOUND} no such job, backend, program or account
 {JOB_FAILED} the job failed or was canceled
 {UNREACHABLE} the service cannot be reached
 {TIMED_OUT} --timeout expired
 {INTERRUPTED} interrupted"""


def exit_code(error: Exception) -> int | None:
    """Return the exit code of an expected error; ``None`` for any other exception."""
    from qiskit.exceptions import QiskitError
    from qiskit.providers.exceptions import QiskitBackendNotFoundError

    from qiskit_ibm_runtime import exceptions as ours
    from qiskit_ibm_runtime.local.server_process import StartError

    by_kind: list[tuple[type[Exception] | tuple[type[Exception], ...], int]] = [
        ((ours.IBMAccountError, ours.IBMNotAuthorizedError), NOT_AUTHORIZED),
        (
            (ours.RuntimeJobNotFound, ours.RuntimeProgramNotFound, QiskitBackendNotFoundError),
            NOT_FOUND,
        ),
        (ours.RuntimeJobTimeoutError, TIMED_OUT),
        ((ours.RuntimeJobFailureError, ours.RuntimeJobMaxTimeoutError), JOB_FAILED),
        (ours.RuntimeInvalidStateError, JOB_FAILED),
        ((ours.IBMInputValueError, FileNotFoundError, ValueError), USAGE_ERROR),
    ]
    for kind, code in by_kind:
        if isinstance(error, kind):
            return code
    if isinstance(error, ours.IBMError) and error.failure is not None:
        return UNREACHABLE if error.failure.status is None else FAILED
    return FAILED if isinstance(error, (QiskitError, OSError, StartError)) else None
