"""Endpoints: routing, authentication, validation and dispatch of requests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, TypeVar, get_origin
from urllib.parse import parse_qs

import msgspec
from msgspec import Raw, Struct
from starlette.responses import Response

from qiskit_ibm_runtime.local.protocol.authentication import Caller
from qiskit_ibm_runtime.local.protocol.models import Submit
from qiskit_ibm_runtime.local.protocol.responses import (
    INVALID_REQUEST,
    NOT_AUTHORIZED,
    TOO_LARGE,
    JSONResponse,
    RequestError,
    invalid,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Sequence

    from starlette.requests import Request

    from qiskit_ibm_runtime.local.runtime import Runtime
    from qiskit_ibm_runtime.local.settings import Settings

# Limit for all bodies except job inputs and programs.
_SMALL_BODY = 64 * 2**10
# Inputs up to this size may contain what Python's json module accepts beyond the JSON standard:
# NaN, infinities and lone surrogates.
_LARGEST_LENIENT = 2**20
Model = TypeVar("Model", bound=Struct)


@dataclass(frozen=True)
class Call:
    """Authenticated request.

    Attributes:
        headers: Headers that are added to the response.
    """

    runtime: Runtime
    request: Request
    caller: Caller
    headers: dict[str, str] = field(default_factory=dict)

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    @property
    def public_url(self) -> str:
        """Configured public URL, or the one that the client used."""
        settings, url = self.runtime.settings, self.request.url
        return settings.public_url or f"{url.scheme}://{url.netloc}{settings.path_prefix}"

    def require_iam_token(self) -> None:
        """Check the credentials of a request that names no service instance.

        Raises:
            RequestError: 401 without a valid token.
        """
        kind, _, token = self.request.headers.get("authorization", "").partition(" ")
        is_valid = self.runtime.authenticator.find_user_by_access_token(token) is not None
        if kind.lower() != "bearer" or not is_valid:
            raise RequestError(401, NOT_AUTHORIZED, "A valid IAM token is required.")


Handler = Callable[..., "Awaitable[Any]"]


@dataclass(frozen=True)
class Endpoint:
    """Route and its handler.

    The handler's annotations give the models of ``query`` and ``body``, if it takes them, and of
    its result. The first line of its docstring is the summary in the OpenAPI description.

    Attributes:
        method: HTTP method.
        path: Path template.
        handler: Coroutine function that takes a :class:`Call`.
        errors: HTTP statuses of errors specific to this endpoint.
        status: HTTP status on success.
        is_public: Whether it can be called without credentials.
        media_type: Media type of the request body.
        max_bytes: Limit on the size of the request body.
    """

    method: str
    path: str
    handler: Handler
    errors: Sequence[int]
    status: int
    is_public: bool
    media_type: str
    max_bytes: Callable[[Settings], int]

    @property
    def query(self) -> Any:
        """Model of the query, or ``None``."""
        return self.handler.__annotations__.get("query")

    @property
    def body(self) -> Any:
        """Model of the request body, ``bytearray`` for raw bytes, or ``None``."""
        return self.handler.__annotations__.get("body")

    @property
    def result(self) -> Any:
        """Model of the response, ``TextResponse``, or ``None``."""
        return self.handler.__annotations__["return"]

    async def call(self, runtime: Runtime, request: Request) -> Response:
        """Authenticate, validate and handle a request."""
        caller = Caller("")
        if not self.is_public:
            caller = runtime.authenticator.authenticate(request.headers)
        given: dict[str, Any] = {}
        if self.query is not None:
            given["query"] = _query(request, self.query)
        if self.body is not None:
            data = await _read(request, self.max_bytes(runtime.settings))
            given["body"] = _READERS.get(self.media_type, _json)(data, self.body)
        call = Call(runtime, request, caller)
        result = await self.handler(call, **given)
        if isinstance(result, Response):
            return result
        if result is None:
            return Response(status_code=204)
        return JSONResponse(result, self.status, headers=call.headers)


class Routes(list[Endpoint]):
    """List of endpoints, and a decorator that adds to it."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        errors: Sequence[int] = (),
        status: int = 200,
        is_public: bool = False,
        media_type: str = "application/json",
        max_bytes: Callable[[Settings], int] = lambda _: _SMALL_BODY,
    ) -> Callable[[Handler], Handler]:
        """Add the decorated handler; for the arguments see :class:`Endpoint`."""

        def add(handler: Handler) -> Handler:
            more = (errors, status, is_public, media_type, max_bytes)
            self.append(Endpoint(method, path, handler, *more))
            return handler

        return add


def by_path(routes: Iterable[tuple[str, Routes]]) -> dict[str, dict[str, Endpoint]]:
    """Return every endpoint by full path and method, from lists of endpoints and their root."""
    table: dict[str, dict[str, Endpoint]] = {}
    for root, endpoints in routes:
        for endpoint in endpoints:
            table.setdefault(root + endpoint.path, {})[endpoint.method] = endpoint
    return table


def _query(request: Request, model: type[Model]) -> Model:
    given: dict[str, Any] = {}
    for one in msgspec.structs.fields(model):
        values = request.query_params.getlist(one.name)
        if values:
            given[one.name] = values if get_origin(one.type) is list else values[-1]
    try:
        return msgspec.convert(given, model, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(f"The query is not valid: {error}") from error


async def _read(request: Request, max_bytes: int) -> bytearray:
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise RequestError(
            415, INVALID_REQUEST, f"Bodies with encoding {encoding!r} are not accepted."
        )
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > max_bytes:
            raise RequestError(
                413, TOO_LARGE, f"The body is larger than {max_bytes} bytes.", "Send a smaller one."
            )
    return data


def _form(data: bytearray, model: type[Model]) -> Model:
    given = parse_qs(data.decode("utf-8", "replace"))
    try:
        return msgspec.convert({name: values[-1] for name, values in given.items()}, model)
    except msgspec.ValidationError as error:
        raise invalid(f"The form is not valid: {error}") from error


def _json(data: bytearray, model: type[Model]) -> Model:
    try:
        if not data.isascii():
            data.decode()  # also checks the inputs, which are not parsed
        try:
            return msgspec.json.decode(data, type=model)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            if model is not Submit or len(data) > _LARGEST_LENIENT:
                raise
        body = json.loads(data)
        params = json.dumps(body.pop("params", None)).encode()
        msgspec.json.encode(body)  # rejects lone surrogates outside of the inputs
        return msgspec.convert({**body, "params": Raw(params)}, model)
    except msgspec.ValidationError as error:
        raise invalid(f"The body is not valid: {error}") from error
    except (msgspec.DecodeError, ValueError, AttributeError, RecursionError) as error:
        raise invalid(f"The body is not JSON: {error}") from error


FORM, BYTES = "application/x-www-form-urlencoded", "application/octet-stream"
_READERS: dict[str, Callable[[bytearray, Any], Any]] = {FORM: _form, BYTES: lambda data, _: data}
