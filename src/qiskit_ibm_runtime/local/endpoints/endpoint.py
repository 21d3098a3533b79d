"""Endpoints: which function answers what, and what happens around each of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, TypeVar, get_origin
from urllib.parse import parse_qs

import msgspec
from msgspec import Raw, Struct
from starlette.responses import Response

from qiskit_ibm_runtime.local.protocol.answers import JSONAnswer
from qiskit_ibm_runtime.local.protocol.errors import INVALID_REQUEST, TOO_LARGE, Refused, invalid
from qiskit_ibm_runtime.local.protocol.models import Submit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from starlette.requests import Request

    from qiskit_ibm_runtime.local.protocol.identity import Caller
    from qiskit_ibm_runtime.local.runtime import Runtime
    from qiskit_ibm_runtime.local.settings import Settings

# Bodies other than job inputs and programs are a few fields.
_SMALL_BODY = 64 * 2**10
# Up to this size, inputs may hold what Python writes and JSON has not: NaN, half a character.
_LARGEST_LOOSE = 2**20
Model = TypeVar("Model", bound=Struct)


@dataclass(frozen=True)
class Call:
    """One admitted request; ``headers`` go with its answer."""

    runtime: Runtime
    request: Request
    caller: Caller
    headers: dict[str, str] = field(default_factory=dict)

    def path(self, name: str) -> str:
        """A parameter of the path."""
        return str(self.request.path_params[name])


Handler = Callable[..., "Awaitable[Any]"]


@dataclass(frozen=True)
class Endpoint:
    """A method and path, and the function that answers them.

    The function's annotations say what its ``query`` and ``body`` must be, if it takes them, and
    what it returns. The first line of its docstring describes it.

    Attributes:
        refuses: Statuses of its own errors.
        status: Status of its answer.
        is_open: Whether it asks for no credentials.
        media_type: Of its body.
        largest: Most bytes of its body.
    """

    method: str
    path: str
    handler: Handler
    refuses: Sequence[int]
    status: int
    is_open: bool
    media_type: str
    largest: Callable[[Settings], int]

    @property
    def query(self) -> Any:
        """The model of its query, or ``None``."""
        return self.handler.__annotations__.get("query")

    @property
    def body(self) -> Any:
        """The model of its body, ``bytes``, or ``None``."""
        return self.handler.__annotations__.get("body")

    @property
    def answer(self) -> Any:
        """The model of its answer, ``TextAnswer``, or ``None``."""
        return self.handler.__annotations__["return"]

    async def call(self, runtime: Runtime, request: Request, anonymous: Caller) -> Response:
        """Admit, check and handle a request."""
        caller = anonymous if self.is_open else runtime.doorkeeper.admit(request.headers)
        given: dict[str, Any] = {}
        if self.query is not None:
            given["query"] = _query(request, self.query)
        if self.body is not None:
            data = await _read(request, self.largest(runtime.settings))
            given["body"] = _READERS.get(self.media_type, _json)(data, self.body)
        call = Call(runtime, request, caller)
        answer = await self.handler(call, **given)
        if isinstance(answer, Response):
            return answer
        if answer is None:
            return Response(status_code=204)
        return JSONAnswer(answer, self.status, headers=call.headers)


class Routes(list[Endpoint]):
    """Endpoints, to which functions are added by a decorator."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        refuses: Sequence[int] = (),
        status: int = 200,
        is_open: bool = False,
        media_type: str = "application/json",
        largest: Callable[[Settings], int] = lambda _: _SMALL_BODY,
    ) -> Callable[[Handler], Handler]:
        """Add the decorated function; see :class:`Endpoint`."""

        def add(handler: Handler) -> Handler:
            more = (refuses, status, is_open, media_type, largest)
            self.append(Endpoint(method, path, handler, *more))
            return handler

        return add


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


async def _read(request: Request, largest: int) -> bytearray:
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise Refused(415, INVALID_REQUEST, f"Bodies with encoding {encoding!r} are not accepted.")
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > largest:
            raise Refused(
                413, TOO_LARGE, f"The body is larger than {largest} bytes.", "Send a smaller one."
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
            data.decode()  # what nobody looks into must be text all the same
        try:
            return msgspec.json.decode(data, type=model)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            if model is not Submit or len(data) > _LARGEST_LOOSE:
                raise
        body = json.loads(data)
        params = json.dumps(body.pop("params", None)).encode()
        msgspec.json.encode(body)  # half characters are for inputs only
        return msgspec.convert({**body, "params": Raw(params)}, model)
    except msgspec.ValidationError as error:
        raise invalid(f"The body is not valid: {error}") from error
    except (msgspec.DecodeError, ValueError, AttributeError, RecursionError) as error:
        raise invalid(f"The body is not JSON: {error}") from error


FORM, BYTES = "application/x-www-form-urlencoded", "application/octet-stream"
_READERS: dict[str, Callable[[bytearray, Any], Any]] = {FORM: _form, BYTES: lambda data, _: data}
