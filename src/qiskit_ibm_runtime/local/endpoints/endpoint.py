"""One row of the table of routes, and what happens around every handler."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable

from qiskit_ibm_runtime.local import moments
from qiskit_ibm_runtime.local.protocol.errors import INVALID_REQUEST, TOO_LARGE, Refused, invalid
from qiskit_ibm_runtime.local.protocol.schema import Schema, problems
from qiskit_ibm_runtime.local.protocol.schemas import LARGEST_PAGE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from qiskit_ibm_runtime.local.protocol.identity import Caller
    from qiskit_ibm_runtime.local.runtime import Runtime

# Bodies other than job inputs and programs are a few fields.
SMALL_BODY = 64 * 2**10
_INTEGER = re.compile(r"^-?\d+$")


@dataclass(frozen=True)
class Call:
    """One request on its way to its handler: admitted, its query and body checked."""

    runtime: Runtime
    request: Request
    caller: Caller
    query: Mapping[str, Any]
    body: Any = None

    def path(self, name: str) -> str:
        """A parameter of the path."""
        return str(self.request.path_params[name])


Handler = Callable[[Call], "Awaitable[Response]"]


@dataclass(frozen=True)
class Endpoint:
    """A method and path, who handles it, and what may come in and go out."""

    method: str
    path: str
    handler: Handler
    summary: str
    answers: Mapping[int, Schema | None]
    query: Mapping[str, Schema] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    body: Schema | None = None
    body_type: str = "application/json"
    largest: Callable[[Runtime], int] = lambda _: SMALL_BODY
    is_open: bool = False

    async def call(self, runtime: Runtime, request: Request, anonymous: Caller) -> Response:
        """Admit, check and handle a request."""
        caller = anonymous if self.is_open else runtime.doorkeeper.admit(request.headers)
        query = {
            name: _query_value(name, schema, request.query_params.getlist(name))
            for name, schema in self.query.items()
            if name in request.query_params
        }
        for name in self.required:
            if name not in query:
                raise invalid(f"The query parameter {name} is required.")
        body = None
        if self.body is not None:
            data = await _read(request, self.largest(runtime))
            body = self._body(data) if self.body_type == "application/json" else data
        return await self.handler(Call(runtime, request, caller, query, body))

    def _body(self, data: bytes) -> Any:
        try:
            body = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise invalid(f"The body is not JSON: {error}") from error
        found = next(problems(body, self.body or {}, ""), None)
        if found is not None:
            raise invalid(found)
        return body


def page_of(query: Mapping[str, Any], usual: int) -> tuple[int, int]:
    """How many entries of a list are wanted, at most a page, and after how many."""
    return min(query.get("limit", usual), LARGEST_PAGE), query.get("offset", 0)


async def _read(request: Request, largest: int) -> bytes:
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise Refused(415, INVALID_REQUEST, f"Bodies with encoding {encoding!r} are not accepted.")
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > largest:
            raise Refused(
                413, TOO_LARGE, f"The body is larger than {largest} bytes.", "Send a smaller one."
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _query_value(name: str, schema: Schema, given: list[str]) -> Any:
    kind, text = schema["type"], given[-1]
    value: Any = text
    if kind == "array":
        value = given
    elif kind == "integer":
        if not _INTEGER.match(text):
            raise invalid(f"The query parameter {name} must be a whole number.")
        value = int(text[:19])  # nothing allowed is longer, and Python reads no endless number
    elif kind == "boolean":
        if text not in ("true", "false"):
            raise invalid(f"The query parameter {name} must be true or false.")
        value = text == "true"
    elif schema.get("format") == "date-time":
        try:
            value = moments.read(text)
        except ValueError as error:
            raise invalid(f"The query parameter {name} must be an ISO 8601 time.") from error
    found = next(problems(value, schema, f"The query parameter {name}"), None)
    if found is not None:
        raise invalid(found)
    return value
