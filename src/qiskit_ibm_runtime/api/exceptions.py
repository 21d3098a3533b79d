"""Errors of the network layers.

The tree::

    IBMError
     └ ApiError
        ├ RequestsApiError                  a REST request failed
        │   ├ AuthenticationLicenseError    … because a license must be accepted
        │   └ SubmitUncertainError          … and nobody knows whether it made a job
        ├ ApiIBMProtocolError
        ├ UserTimeoutExceededError
        └ WebsocketError
            ├ WebsocketAuthenticationError
            ├ WebsocketIBMProtocolError
            ├ WebsocketRetryableError
            └ WebsocketTimeoutError

A 401 becomes :class:`~qiskit_ibm_runtime.exceptions.IBMNotAuthorizedError`; both kinds carry a
:class:`Failure`, so what is known about a failed request survives whatever it is translated to.
"""

from __future__ import annotations

from qiskit_ibm_runtime.exceptions import Failure, IBMError, IBMNotAuthorizedError


class ApiError(IBMError):
    """Communication with the service failed."""


class RequestsApiError(ApiError):
    """A REST request failed.

    Attributes:
        status_code: HTTP status of the answer; -1, as in 0.9.3, when there was none.
    """

    def __init__(
        self, message: str, status_code: int = -1, *, failure: Failure | None = None
    ) -> None:
        super().__init__(message, failure=failure)
        self.status_code = status_code


class SubmitUncertainError(RequestsApiError):
    """A job may have been created, but it is not known which one."""

    @property
    def candidates(self) -> tuple[str, ...]:
        """Ids of the candidate jobs."""
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
