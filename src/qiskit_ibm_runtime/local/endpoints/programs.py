"""Program endpoints."""

import binascii
import secrets
from base64 import b64decode
from dataclasses import replace
from typing import Any, Union

from msgspec import UNSET, structs

from qiskit_ibm_runtime.local.protocol import models
from qiskit_ibm_runtime.local.protocol.responses import (
    NOT_AUTHORIZED,
    TOO_LARGE,
    RequestError,
    invalid,
)
from qiskit_ibm_runtime.local.runtime import Runtime
from qiskit_ibm_runtime.local.settings import Settings
from qiskit_ibm_runtime.local.storage.program_records import Program

from .endpoint import BYTES, Call, Routes

PROGRAMS = Routes()


def _largest(settings: Settings) -> int:
    # Base64 encodes three bytes as four; the rest is for the other fields.
    return settings.largest_program * 4 // 3 + 2**18


@PROGRAMS("POST", "/programs", status=201, errors=(403,), max_bytes=_largest)
async def upload(call: Call, body: models.CreateProgram) -> models.Program:
    """Upload a program."""
    runtime = call.runtime
    if not runtime.settings.uploads:
        raise RequestError(403, NOT_AUTHORIZED, "This server does not accept program uploads.")
    source = _source(body.data.encode("ascii", "replace"), runtime)
    program = Program(
        f"{secrets.token_hex(4)}-{secrets.token_hex(6)}",
        call.caller.user,
        body.name,
        body.is_public,
        description=body.description,
        cost=body.cost,
        spec=body.spec,
    )
    async with runtime.store.durably():
        runtime.store.programs.put_source(program, source)
    return _shown(program, source)


@PROGRAMS("GET", "/programs")
async def listed(call: Call, query: models.Page) -> models.Programs:
    """List the programs of the user and all public ones."""
    limit, offset = min(query.limit or 20, models.LARGEST_PAGE), query.offset
    programs = call.runtime.programs(call.caller.user)
    page = [_shown(program) for program in programs[offset : offset + limit]]
    return models.Programs(page, len(programs), limit, offset)


@PROGRAMS("GET", "/programs/{id}", errors=(404,))
async def one(call: Call) -> models.Program:
    """Return a program; its author also gets the source."""
    program = call.runtime.program(call.caller.user, call.path("id"))
    is_own = program.user == call.caller.user
    return _shown(program, call.runtime.store.programs.source(program.id) if is_own else None)


@PROGRAMS("PATCH", "/programs/{id}", errors=(403, 404), max_bytes=_largest)
async def update(call: Call, body: models.UpdateProgram) -> None:
    """Change the fields of a program."""
    given = {name: value for name, value in structs.asdict(body).items() if value is not UNSET}
    await _change(call, **given)


@PROGRAMS("PUT", "/programs/{id}/data", errors=(403, 404), media_type=BYTES, max_bytes=_largest)
async def update_data(call: Call, body: bytearray) -> None:
    """Replace the source of a program, sent in base64."""
    program, source = _own(call), _source(body, call.runtime)
    async with call.runtime.store.durably():
        call.runtime.store.programs.put_source(program, source)


@PROGRAMS("PUT", "/programs/{id}/public", errors=(403, 404))
async def make_public(call: Call) -> None:
    """Make a program public."""
    await _change(call, public=True)


@PROGRAMS("PUT", "/programs/{id}/private", errors=(403, 404))
async def make_private(call: Call) -> None:
    """Make a program private."""
    await _change(call, public=False)


@PROGRAMS("DELETE", "/programs/{id}", errors=(403, 404))
async def delete(call: Call) -> None:
    """Delete a program."""
    program = _own(call)
    async with call.runtime.store.durably():
        call.runtime.store.programs.delete(program.id)


async def _change(call: Call, **fields: Any) -> None:
    program = _own(call)
    async with call.runtime.store.durably():
        call.runtime.store.programs.put(replace(program, **fields))


def _own(call: Call) -> Program:
    program = call.runtime.program(call.caller.user, call.path("id"))
    if program.user != call.caller.user:
        raise RequestError(403, NOT_AUTHORIZED, "Only the author may change this program.")
    return program


def _shown(program: Program, source: Union[str, None] = None) -> models.Program:
    return models.Program(
        program.id,
        program.name,
        program.description,
        program.cost,
        f"{program.created[:19]}Z",
        f"{program.updated[:19]}Z",
        program.public,
        UNSET if program.spec is None else program.spec,
        UNSET if source is None else source,
    )


def _source(data: Union[bytes, bytearray], runtime: Runtime) -> str:
    if not data.strip():
        raise invalid("The program is empty.")
    try:
        source = b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise invalid("The program must be base64 of UTF-8 text.") from error
    if len(source.encode()) > runtime.settings.largest_program:
        raise RequestError(
            413, TOO_LARGE, f"A program may have {runtime.settings.largest_program} bytes at most."
        )
    return source
