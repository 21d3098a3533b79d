"""Public exceptions of the package.

The complete hierarchy::

    QiskitError
     └ IBMError
        ├ IBMAccountError ─ accounts.exceptions.AccountsError ─ …
        ├ IBMApiError
        ├ IBMBackendApiProtocolError
        ├ DecodeError (a ValueError)
        ├ IBMInputValueError
        │   ├ CircuitError
        │   └ EncodeError (a TypeError)
        ├ IBMNotAuthorizedError
        ├ IBMRuntimeError
        │   ├ RuntimeDuplicateProgramError
        │   ├ RuntimeInvalidStateError
        │   ├ RuntimeJobFailureError
        │   ├ RuntimeJobMaxTimeoutError
        │   ├ RuntimeJobNotFound
        │   ├ RuntimeJobTimeoutError
        │   └ RuntimeProgramNotFound
        └ api.exceptions.ApiError ─ …
"""

from __future__ import annotations

from dataclasses import dataclass

from qiskit.exceptions import QiskitError


@dataclass(frozen=True)
class Failure:
    """Details of a failed request, preserved when its error is translated.

    .. versionadded:: 0.9.3+embedded.1

    Attributes:
        status: HTTP status of the last response; ``None`` without a response.
        code: Error code of the service.
        message: Error message of the service or of the connection.
        trace_id: Identifier under which the service logged the request.
        attempts: Number of attempts to send the request.
        elapsed: Seconds from the first attempt to the last failure.
        uncertain: Whether the service may have processed the request despite the failure.
        candidates: Ids of jobs that an uncertain submit may have created.
    """

    status: int | None = None
    code: int | str | None = None
    message: str = ""
    trace_id: str | None = None
    attempts: int = 1
    elapsed: float = 0.0
    uncertain: bool = False
    candidates: tuple[str, ...] = ()


class IBMError(QiskitError):  # type: ignore[misc]  # terra ships no types
    """Base class of this package's exceptions.

    Attributes:
        message: The message, without the quotes that ``str()`` adds for Qiskit errors.
        failure: Details of the failed request; ``None`` if no request was sent.
    """

    def __init__(self, *message: str, failure: Failure | None = None) -> None:
        super().__init__(*message)
        self.failure = failure


class IBMAccountError(IBMError):
    """There is no usable account, or the account has no access to any instance."""


class IBMApiError(IBMError):
    """Unspecified API error; kept for code that catches it."""


class IBMBackendApiProtocolError(IBMError):
    """The service returned a malformed description of a backend."""


class IBMInputValueError(IBMError):
    """An argument has an invalid value; raised before sending a request."""


class IBMNotAuthorizedError(IBMError):
    """The service rejected the credentials, or the account lacks the permission."""


class IBMRuntimeError(IBMError):
    """A request about programs or jobs failed."""


class RuntimeDuplicateProgramError(IBMRuntimeError):
    """A program with that name already exists."""


class RuntimeProgramNotFound(IBMRuntimeError):
    """The program does not exist, or this account has no access to it."""


class RuntimeJobFailureError(IBMRuntimeError):
    """The job failed, so it has no result."""

    def __str__(self) -> str:
        """Return the message with its line breaks, which other Qiskit errors escape."""
        return str(self.message)


class RuntimeJobNotFound(IBMRuntimeError):
    """The job does not exist, or this account has no access to it."""


class RuntimeInvalidStateError(IBMRuntimeError):
    """The operation is not allowed in the current state of the job."""


class RuntimeJobTimeoutError(IBMRuntimeError):
    """Waiting for a job timed out; the job continues to run."""


class RuntimeJobMaxTimeoutError(IBMRuntimeError):
    """The service stopped the job because it exceeded its maximum execution time."""

    def __str__(self) -> str:
        """Return the message with its line breaks, which other Qiskit errors escape."""
        return str(self.message)


class EncodeError(IBMInputValueError, TypeError):
    """A value cannot be encoded without loss; raised before sending a request.

    .. versionadded:: 0.9.3+embedded.1
    """


class DecodeError(IBMError, ValueError):
    """A payload is malformed, too large, or contains something that is not allowed.

    .. versionadded:: 0.9.3+embedded.1
    """


class CircuitError(IBMInputValueError):
    """A circuit contains something that exists only in the author's process.

    .. versionadded:: 0.9.3+embedded.1
    """
