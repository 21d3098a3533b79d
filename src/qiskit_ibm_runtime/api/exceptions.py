"""Errors of the network layers, and their translation to the errors that users catch.

The tree::

    IBMError
     └ ApiError
        ├ RequestsApiError                  a REST request failed
        │   ├ AuthenticationLicenseError    … because a license must be accepted
        │   └ SubmitUncertainError          … and it is unknown whether it created a job
        ├ ApiIBMProtocolError
        ├ UserTimeoutExceededError
        └ WebsocketError
            ├ WebsocketAuthenticationError
            ├ WebsocketIBMProtocolError
            ├ WebsocketRetryableError
            └ WebsocketTimeoutError

A 401 becomes :class:`~qiskit_ibm_runtime.exceptions.IBMNotAuthorizedError`. Every error carries a
:class:`Failure`, so translations keep all details of a failed request.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from qiskit_ibm_runtime.exceptions import (
    Failure,
    IBMError,
    IBMNotAuthorizedError,
    IBMRuntimeError,
    RuntimeJobNotFound,
    RuntimeProgramNotFound,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class ApiError(IBMError):
    """Communication with the service failed."""


class RequestsApiError(ApiError):
    """A REST request failed.

    Attributes:
        status_code: HTTP status of the response; -1 without a response, as in 0.9.3.
    """

    def __init__(
        self, message: str, status_code: int = -1, *, failure: Failure | None = None
    ) -> None:
        super().__init__(message, failure=failure)
        self.status_code = status_code


class SubmitUncertainError(RequestsApiError):
    """A job may have been created, but it is unknown which one.

    .. versionadded:: 0.9.3+embedded.1
    """

    @property
    def candidates(self) -> tuple[str, ...]:
        """IDs of the candidate jobs."""
        return self.failure.candidates if self.failure else ()


class WebsocketError(ApiError):
    """The stream of a job failed."""


class WebsocketIBMProtocolError(WebsocketError):
    """The stream broke its protocol."""


class WebsocketAuthenticationError(WebsocketError):
    """The stream refused the credentials."""


class WebsocketTimeoutError(WebsocketError):
    """The stream was silent for too long."""


class WebsocketRetryableError(WebsocketError):
    """The stream broke in a way that a new connection may fix."""


class AuthenticationLicenseError(RequestsApiError, IBMNotAuthorizedError):
    """The account must accept a license first."""


class ApiIBMProtocolError(ApiError):
    """The service responded in an unknown form."""


class UserTimeoutExceededError(ApiError):
    """The user's timeout has expired."""


Reading = tuple[type[IBMError], str]

NO_SUCH_PROGRAM: dict[int, Reading] = {404: (RuntimeProgramNotFound, "Program not found")}
NO_SUCH_JOB: dict[int, Reading] = {404: (RuntimeJobNotFound, "Job not found")}


@contextmanager
def translate_errors(what_failed: str, by_status: Mapping[int, Reading] = {}) -> Iterator[None]:
    """Translate a failed request in the block to an error with the same details.

    Args:
        what_failed: Start of the message, such as ``Failed to run program``.
        by_status: Error class and start of the message for specific HTTP statuses.

    Raises:
        IBMNotAuthorizedError: If the credentials were refused; not translated.
        IBMRuntimeError: For every status that is not in ``by_status``.
    """
    try:
        yield
    except IBMNotAuthorizedError:
        raise
    except RequestsApiError as exc:
        cls, start = by_status.get(exc.status_code, (IBMRuntimeError, what_failed))
        raise cls(f"{start}: {exc.message}", failure=exc.failure) from None
