"""Listing, reading, uploading, changing and deleting programs, and the helpers for authors."""

from __future__ import annotations

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from tests.differential.calls import DICT, FLAG, NUMBER, TEXT, TEXTS, Place, each
from tests.differential.record import Calls

from qiskit_ibm_runtime import RuntimeOptions
from qiskit_ibm_runtime.program import ResultDecoder, UserMessenger

SOURCE = "def main(backend, user_messenger):\n    pass\n"
SPEC = {
    "parameters": {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "description": "An integer.", "default": 3},
            "b": {"type": "string", "description": "A string."},
        },
        "required": ["b"],
    },
    "backend_requirements": {"min_num_qubits": 5},
    "return_values": {"type": "string"},
    "interim_results": {"type": "string"},
}
METADATA = {"name": "mine", "description": "Mine.", "max_execution_time": 300, "spec": SPEC}


def _file(content: str) -> str:
    path = Path(tempfile.mkdtemp()) / "file"
    path.write_text(content)
    return str(path)


def uploading(place: Place) -> Calls:
    """Upload programs with odd arguments, one at a time."""
    service = place.service()
    yield "plain", partial(service.upload_program, SOURCE, METADATA)
    yield "positional", lambda: service.upload_program(SOURCE, METADATA)
    yield "file", lambda: service.upload_program(_file(SOURCE), METADATA)
    yield "metadata file", lambda: service.upload_program(SOURCE, _file(json.dumps(METADATA)))
    yield "bad metadata file", lambda: service.upload_program(SOURCE, _file("x"))
    yield "no metadata file", lambda: service.upload_program(SOURCE, "/nowhere.json")
    yield from each(service.upload_program, TEXT, "data", metadata=METADATA)
    yield from each(service.upload_program, DICT, "metadata", data=SOURCE)
    for field in METADATA:
        left = {key: value for key, value in METADATA.items() if key != field}
        yield f"without {field}", partial(service.upload_program, SOURCE, left)
        kinds = {"max_execution_time": NUMBER, "spec": DICT}
        for label, value in kinds.get(field, TEXT).items():
            odd = {**METADATA, field: value}
            yield f"{field}={label}", partial(service.upload_program, SOURCE, odd)
    for public in (True, False, None, "yes"):
        odd = {**METADATA, "is_public": public}
        yield f"is_public={public}", partial(service.upload_program, SOURCE, odd)
    yield "unknown field", partial(service.upload_program, SOURCE, {**METADATA, "foo": 1})
    for status in (400, 403, 409, 500):
        place.answers["POST /programs"] = (status, {"errors": [{"code": 1, "message": "no"}]})
        yield f"refused {status}", partial(service.upload_program, SOURCE, METADATA)


def changing(place: Place) -> Calls:
    """Update, hide and delete a program with odd arguments, one at a time."""
    service = place.service()
    program_id = service.upload_program(SOURCE, METADATA)
    change = partial(service.update_program, program_id)
    yield "nothing", change
    yield "data", partial(change, data=SOURCE)
    yield "metadata", partial(change, metadata=METADATA)
    yield "metadata and name", partial(change, metadata=METADATA, name="other")
    yield "spec", partial(change, spec=SPEC)
    yield from each(change, TEXT, "data", "name", "description")
    yield from each(change, DICT, "metadata", "spec")
    yield from each(change, NUMBER, "max_execution_time")
    yield "unknown", partial(service.update_program, "nope", name="x")
    yield from each(service.set_program_visibility, FLAG, "public", program_id=program_id)
    yield from each(service.set_program_visibility, TEXT, "program_id", public=True)
    yield from each(service.delete_program, TEXT, "program_id")
    yield "delete", partial(service.delete_program, program_id)
    yield "delete twice", partial(service.delete_program, program_id)


def looking(place: Place) -> Calls:
    """List programs, and read one."""
    service = place.service()
    program_id = service.upload_program(SOURCE, METADATA)
    for number in range(4):
        service.upload_program(SOURCE, {**METADATA, "name": f"p{number}"})
    yield "programs", service.programs
    yield from each(service.programs, FLAG, "refresh")
    yield from each(service.programs, NUMBER, "limit", "skip")
    yield "part", lambda: service.programs(limit=2, skip=1)
    yield "refreshed part", lambda: service.programs(True, 2, 1)
    yield "printed", service.pprint_programs
    yield "printed in detail", partial(service.pprint_programs, detailed=True)
    yield "printed part", partial(service.pprint_programs, limit=1, skip=1)
    yield from each(service.program, TEXT, "program_id")
    yield "program", partial(service.program, program_id)
    yield "refreshed", partial(service.program, program_id, refresh=True)
    yield "unknown", partial(service.program, "nope")
    program = service.program(program_id)
    for name in ("program_id", "name", "description", "max_execution_time", "creation_date"):
        yield name, lambda name=name: getattr(program, name)
    for name in ("update_date", "is_public", "data", "backend_requirements", "return_values"):
        yield name, lambda name=name: getattr(program, name)
    yield "interim_results", lambda: program.interim_results
    yield "str", lambda: str(program)
    yield "repr", lambda: repr(program)
    yield "form", program.parameters
    yield "form twice", lambda: program.parameters() is program.parameters()


def forms(place: Place) -> Calls:
    """Set the parameters of a program to unusual values."""
    program = place.service().program(place.service().upload_program(SOURCE, METADATA))

    def filled(**fields: Any) -> Any:
        form = program.parameters()
        for name, value in fields.items():
            setattr(form, name, value)
        form.validate()
        return form

    yield "complete", partial(filled, b="x")
    yield "incomplete", filled
    yield "unknown field", partial(filled, b="x", c=1)
    yield from each(filled, NUMBER, "a", b="x")
    yield from each(filled, TEXT, "b")
    yield "metadata", lambda: program.parameters().metadata
    yield "str", lambda: str(program.parameters())
    yield (
        "run",
        lambda: place.service().run(
            program.program_id, filled(b="x"), RuntimeOptions(backend="ibmq_there")
        ),
    )


def authors(place: Place) -> Calls:
    """Publish messages, and decode results."""
    messenger = UserMessenger()
    yield from each(messenger.publish, {**NUMBER, **TEXTS, **DICT}, "message")
    yield "final", partial(messenger.publish, {"a": 1j}, final=True)
    for text in ("1", '"x"', "x", "", '{"a": 1}', "null", '{"__type__": "complex"}', "[1"):
        yield f"decode {text}", partial(ResultDecoder.decode, text)


GROUPS = [uploading, changing, looking, forms, authors]
