"""Programs: those that come with the server, and those that users upload."""

from __future__ import annotations

import binascii
import secrets
from base64 import b64decode
from dataclasses import replace
from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local.moments import now
from qiskit_ibm_runtime.local.protocol import schemas
from qiskit_ibm_runtime.local.protocol.answers import JSONAnswer, no_content
from qiskit_ibm_runtime.local.protocol.errors import (
    NOT_AUTHORIZED,
    PROGRAM_NOT_FOUND,
    TOO_LARGE,
    Refused,
    invalid,
)
from qiskit_ibm_runtime.local.storage.program_records import Program

from .endpoint import Endpoint, page_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from qiskit_ibm_runtime.local.runtime import Runtime

    from .endpoint import Call


async def upload(call: Call) -> Response:
    runtime, body = call.runtime, call.body
    if not runtime.settings.uploads:
        raise Refused(403, NOT_AUTHORIZED, "This server takes no programs.")
    source = _source(body["data"].encode("ascii", "replace"), runtime)
    program = Program(
        f"{secrets.token_hex(4)}-{secrets.token_hex(6)}",
        call.caller.user,
        body["name"],
        body.get("is_public", False),
        description=body.get("description", ""),
        cost=int(body["cost"]),
        spec=body.get("spec"),
    )
    async with runtime.store.durably():
        runtime.store.programs.put_source(program, source)
    return JSONAnswer({**program.record(), "data": source}, status_code=201)


async def listed(call: Call) -> Response:
    limit, offset = page_of(call.query, 20)
    programs = call.runtime.programs(call.caller.user)
    page = [program.record() for program in programs[offset : offset + limit]]
    counts = {"count": len(programs), "limit": limit, "offset": offset}
    return JSONAnswer({"programs": page, **counts})


async def one(call: Call) -> Response:
    program, record = _visible(call), _visible(call).record()
    if program.user == call.caller.user:
        record["data"] = call.runtime.store.programs.source(program.id)
    return JSONAnswer(record)


async def update(call: Call) -> Response:
    program = _own(call)
    async with call.runtime.store.durably():
        call.runtime.store.programs.put(replace(program, updated=now(), **call.body))
    return no_content()


async def update_data(call: Call) -> Response:
    program, source = _own(call), _source(call.body, call.runtime)
    async with call.runtime.store.durably():
        call.runtime.store.programs.put_source(replace(program, updated=now()), source)
    return no_content()


async def make_public(call: Call) -> Response:
    return await _set_public(call, public=True)


async def make_private(call: Call) -> Response:
    return await _set_public(call, public=False)


async def delete(call: Call) -> Response:
    program = _own(call)
    async with call.runtime.store.durably():
        call.runtime.store.programs.delete(program.id)
    return no_content()


async def _set_public(call: Call, *, public: bool) -> Response:
    program = _own(call)
    async with call.runtime.store.durably():
        call.runtime.store.programs.put(replace(program, public=public, updated=now()))
    return no_content()


def _visible(call: Call) -> Program:
    program = call.runtime.program(call.caller.user, call.path("id"))
    if program is None:
        raise Refused(404, PROGRAM_NOT_FOUND, f"Program not found: {call.path('id')}")
    return program


def _own(call: Call) -> Program:
    program = _visible(call)
    if program.user != call.caller.user:
        raise Refused(403, NOT_AUTHORIZED, "Only its author may change this program.")
    return program


def _source(data: bytes, runtime: Runtime) -> str:
    if not data.strip():
        raise invalid("The program is empty.")
    try:
        source = b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise invalid("The program must be base64 of UTF-8 text.") from error
    if len(source.encode()) > runtime.settings.largest_program:
        raise Refused(
            413, TOO_LARGE, f"A program may have {runtime.settings.largest_program} bytes at most."
        )
    return source


def _largest(runtime: Runtime) -> int:
    # Base64 makes four of three; the rest is room for the other fields.
    return runtime.settings.largest_program * 4 // 3 + 2**18


_ERROR = schemas.RUNTIME_ERROR
_CHANGED = {204: None, 403: _ERROR, 404: _ERROR}

PROGRAMS = [
    Endpoint(
        "POST",
        "/programs",
        upload,
        "Upload a program",
        {201: schemas.PROGRAM, 400: _ERROR, 403: _ERROR, 413: _ERROR},
        body=schemas.CREATE_PROGRAM,
        largest=_largest,
    ),
    Endpoint(
        "GET",
        "/programs",
        listed,
        "List the user's own and all public programs",
        {200: schemas.PROGRAMS, 400: _ERROR},
        query={"limit": schemas.LIMIT, "offset": schemas.OFFSET},
    ),
    Endpoint(
        "GET",
        "/programs/{id}",
        one,
        "Return a program, to its author with its text",
        {200: schemas.PROGRAM, 404: _ERROR},
    ),
    Endpoint(
        "PATCH",
        "/programs/{id}",
        update,
        "Change the fields of a program",
        {**_CHANGED, 400: _ERROR, 413: _ERROR},
        body=schemas.UPDATE_PROGRAM,
        largest=_largest,
    ),
    Endpoint(
        "PUT",
        "/programs/{id}/data",
        update_data,
        "Replace the text of a program",
        {**_CHANGED, 400: _ERROR, 413: _ERROR},
        body=schemas.BASE64,
        body_type="application/octet-stream",
        largest=_largest,
    ),
    Endpoint("PUT", "/programs/{id}/public", make_public, "Show a program to all", _CHANGED),
    Endpoint("PUT", "/programs/{id}/private", make_private, "Hide a program", _CHANGED),
    Endpoint("DELETE", "/programs/{id}", delete, "Delete a program", _CHANGED),
]
