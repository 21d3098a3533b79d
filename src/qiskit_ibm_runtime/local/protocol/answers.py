"""What goes out: JSON, nothing, or an error in the shape that the path's clients expect."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from .errors import Refused, account_body, runtime_body

ACCOUNT_PATHS = "/api/"


def as_json(content: Any) -> str:
    """JSON as the service writes it, without blanks; non-finite numbers as Python has them."""
    return json.dumps(content, separators=(",", ":"))


class JSONAnswer(Response):
    """An answer in JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return as_json(content).encode()


def no_content() -> Response:
    """Done, and nothing to say."""
    return Response(status_code=204)


def error_answer(refused: Refused, path: str = "") -> Response:
    """A refusal, worded as the service that owns the path does."""
    body = account_body(refused) if path.startswith(ACCOUNT_PATHS) else runtime_body(refused)
    return JSONAnswer(body, refused.status, headers=refused.headers)
