"""Errors of the network layers.

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

from qiskit_ibm_runtime.exceptions import Failure, IBMError, IBMNotAuthorizedError


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
