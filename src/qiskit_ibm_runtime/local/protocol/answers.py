"""What goes out: JSON, text, nothing, or an error in the shape that the path's clients expect."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

from .models import AccountFault, AccountFaults, Fault, Faults

if TYPE_CHECKING:
    from .errors import Refused

ACCOUNT_PATHS, PLATFORM_PATHS = "/api/", "/api/v1/"


class JSONAnswer(Response):
    """An answer in JSON, without blanks, as the service writes it."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)


class TextAnswer(Response):
    """An answer in plain text."""

    media_type = "text/plain"


def error_answer(refused: Refused, path: str = "") -> Response:
    """A refusal, worded as the service that owns the path does."""
    status, code, message = refused.status, refused.code, refused.message
    body: Any = Faults([Fault(code, message, refused.solution)], secrets.token_hex(8))
    if path.startswith(ACCOUNT_PATHS) and not path.startswith(PLATFORM_PATHS):
        body = AccountFaults(AccountFault(status, status, message, code))
    return JSONAnswer(body, status, headers=refused.headers)
