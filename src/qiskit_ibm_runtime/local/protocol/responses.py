"""Response types: JSON, plain text, and errors in the format that clients of the path expect."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

from .models import AccountErrorBody, AccountErrorDetail, ErrorBody, ErrorDetail

if TYPE_CHECKING:
    from .errors import RequestError

ACCOUNT_PATHS, PLATFORM_PATHS = "/api/", "/api/v1/"


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
