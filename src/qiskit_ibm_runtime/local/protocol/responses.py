"""Responses: JSON, plain text, and errors in the format that clients of the path expect."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from starlette.responses import Response

from .models import AccountErrorBody, AccountErrorDetail, ErrorBody, ErrorDetail

ACCOUNT_PATHS, PLATFORM_PATHS = "/api/", "/api/v1/"
# Codes of the public service; the codes from 12900 on are ours.
NOT_AUTHORIZED, BAD_CREDENTIALS, INVALID_REQUEST = 1200, 1201, 1208
BACKEND_NOT_FOUND, PROGRAM_NOT_FOUND, JOB_NOT_FOUND = 1216, 1220, 1291
JOB_IS_FINAL, SESSION_CLOSED, LOGIN_FAILED = 1297, 1217, 3446
NOT_FOUND, METHOD_NOT_ALLOWED, NOT_STORED, TOO_LARGE = 12904, 12905, 12907, 12913
KEY_REUSED, INSTANCE_NOT_FOUND = 12922, 12930
SESSION_NOT_FOUND, LOG_NOT_READY, BAD_HOST, INTERNAL = 12931, 12932, 12921, 12999


class RequestError(Exception):
    """Answer a request with an error response.

    Args:
        status: HTTP status.
        code: Error code, one of the constants of this module.
        message: What went wrong.
        solution: What the user can do about it.
        headers: Additional response headers.
    """

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        solution: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.solution, self.headers = solution, headers


def invalid(message: str) -> RequestError:
    """Create the error for a malformed request."""
    return RequestError(400, INVALID_REQUEST, message, "Correct the request and send it again.")


class JSONResponse(Response):
    """JSON response without whitespace, as the service sends it."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)


class TextResponse(Response):
    """Plain-text response."""

    media_type = "text/plain"


def error_response(error: RequestError, path: str = "") -> Response:
    """Create the response to a request that failed, in the format of the API that owns the path."""
    status, code, message = error.status, error.code, error.message
    body: Any = ErrorBody([ErrorDetail(code, message, error.solution)], secrets.token_hex(8))
    if path.startswith(ACCOUNT_PATHS) and not path.startswith(PLATFORM_PATHS):
        body = AccountErrorBody(AccountErrorDetail(status, status, message, code))
    return JSONResponse(body, status, headers=error.headers)
