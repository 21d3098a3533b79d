"""Backends: which there are, what they are, and how they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit_ibm_runtime.local.devices import catalogue
from qiskit_ibm_runtime.local.protocol import schemas
from qiskit_ibm_runtime.local.protocol.answers import JSONAnswer

from .endpoint import Endpoint

if TYPE_CHECKING:
    from starlette.responses import Response

    from qiskit_ibm_runtime.local.protocol.schema import Schema

    from .endpoint import Call, Handler


async def listed(call: Call) -> Response:
    provider = call.query.get("provider")
    if provider is None:
        return JSONAnswer({"devices": call.runtime.backends_for(call.caller)})
    instance = call.runtime.instance(call.caller, provider)
    return JSONAnswer({"devices": call.runtime.backends_of(instance)})


async def configuration(call: Call) -> Response:
    return JSONAnswer(catalogue.configuration(_name(call)))


async def properties(call: Call) -> Response:
    return JSONAnswer(catalogue.properties(_name(call)))


async def defaults(call: Call) -> Response:
    return JSONAnswer(catalogue.defaults(_name(call)))


async def status(call: Call) -> Response:
    name = _name(call)
    return JSONAnswer(
        {
            "state": True,
            "status": "active",
            "message": "available",
            "length_queue": call.runtime.scheduler.length(name),
            "backend_version": catalogue.configuration(name)["backend_version"],
        }
    )


def _name(call: Call) -> str:
    return call.runtime.backend(call.caller, call.path("name"))


def _of_one(what: str, handler: Handler, summary: str, schema: Schema) -> Endpoint:
    return Endpoint(
        "GET",
        f"/backends/{{name}}/{what}",
        handler,
        summary,
        {200: schema, 404: schemas.RUNTIME_ERROR},
    )


BACKENDS = [
    Endpoint(
        "GET",
        "/backends",
        listed,
        "List the names of backends",
        {200: schemas.DEVICES, 400: schemas.RUNTIME_ERROR, 404: schemas.RUNTIME_ERROR},
        query={"provider": schemas.HGP},
    ),
    _of_one("configuration", configuration, "Describe a backend", schemas.ANY_OBJECT),
    _of_one("properties", properties, "Return a backend's calibration", schemas.ANY_OBJECT),
    _of_one("defaults", defaults, "Return a backend's pulse defaults", schemas.ANY_OBJECT),
    _of_one(
        "status",
        status,
        "Tell whether a backend works and how many jobs wait",
        schemas.BACKEND_STATUS,
    ),
]
