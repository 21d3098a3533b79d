"""The errors that users catch.

The whole tree of the package::

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
    """What is known about a request that failed, kept through every translation of its error.

    Attributes:
        status: HTTP status of the last answer; ``None`` when no answer came.
        code: Error code that the service gave.
        message: Text that the service gave, or the fault of the connection.
        trace_id: Identifier under which the service logged the request.
        attempts: How often the request was sent.
        elapsed: Seconds from the first attempt to the last failure.
        uncertain: Whether the service may have carried out the request all the same.
        candidates: Ids of jobs that a submit of uncertain outcome may have made.
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
    """Base of every error that this package raises on its own account.

    Attributes:
        message: The text, without the quotes that ``str()`` of a Qiskit error adds.
        failure: What is known about the failed request; ``None`` when none was sent.
    """

    def __init__(self, *message: str, failure: Failure | None = None) -> None:
        super().__init__(*message)
        self.failure = failure


class IBMAccountError(IBMError):
    """No usable account was found, or it gives access to nothing."""


class IBMApiError(IBMError):
    """An unspecified error of the service's interface; kept for code that catches it."""


class IBMBackendApiProtocolError(IBMError):
    """The service described a backend in a form that cannot be understood."""


class IBMInputValueError(IBMError):
    """An argument has a value that cannot be used; nothing was sent."""


class IBMNotAuthorizedError(IBMError):
    """The service refused the credentials, or the account lacks the right."""


class IBMRuntimeError(IBMError):
    """A request about programs or jobs failed."""


class RuntimeDuplicateProgramError(IBMRuntimeError):
    """A program of that name exists already."""


class RuntimeProgramNotFound(IBMRuntimeError):
    """The service knows no such program, or hides it from this account."""


class RuntimeJobFailureError(IBMRuntimeError):
    """The job ended in failure, so it has no result."""

    def __str__(self) -> str:
        """Return the text with its line breaks; other Qiskit errors show it as one string."""
        return str(self.message)


class RuntimeJobNotFound(IBMRuntimeError):
    """The service knows no such job, or hides it from this account."""


class RuntimeInvalidStateError(IBMRuntimeError):
    """The job is in a state that does not allow the operation."""


class RuntimeJobTimeoutError(IBMRuntimeError):
    """The client stopped waiting; the job itself goes on."""


class RuntimeJobMaxTimeoutError(IBMRuntimeError):
    """The service stopped the job because it ran longer than it may."""

    def __str__(self) -> str:
        """Return the text with its line breaks; other Qiskit errors show it as one string."""
        return str(self.message)


class EncodeError(IBMInputValueError, TypeError):
    """A value cannot travel, or would arrive as something else; nothing was sent."""


class DecodeError(IBMError, ValueError):
    """A payload is damaged, too large, or names something that is not allowed."""


class CircuitError(IBMInputValueError):
    """A circuit holds what has a meaning in its author's process alone."""
