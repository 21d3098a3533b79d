"""The OpenAPI description, made of the table of routes that is served."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.local.protocol import schemas

from .account import QUANTUM_ACCOUNT
from .stream import STREAM_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qiskit_ibm_runtime.local.protocol.schema import Schema

    from .endpoint import Endpoint

    Table = Mapping[str, Mapping[str, Endpoint]]

_SCHEMES = {
    "accessToken": {"type": "apiKey", "in": "header", "name": "X-Access-Token"},
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`apikey <API key>`, or `Bearer <IAM token>`",
    },
    "instance": {"type": "apiKey", "in": "header", "name": "Service-CRN"},
}
_TEXT_ANSWERS = ("/results", "/interim_results", "/logs")
_LEADS = (
    ("POST /jobs", "id", "id"),
    ("POST /runtime/jobs", "id", "id"),
    ("POST /programs", "id", "id"),
    ("POST /runtime/programs", "id", "id"),
    ("GET /backends", "name", "devices/0"),
    ("GET /runtime/backends", "name", "devices/0"),
)
_DESCRIPTION = (
    "The classic protocol of Qiskit Runtime. Beside what is listed, the stream of a job is a "
    f"websocket under `{STREAM_PATH}`: an acknowledgement, every interim result from the first, "
    "the result, then a close with code 1000."
)


def description(table: Table) -> dict[str, Any]:
    """The whole description of a table of routes, as OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Qiskit Runtime, embedded",
            "version": "0.9.3",
            "description": _DESCRIPTION,
        },
        "paths": {
            path: {
                **_path_parameters(path),
                **{one.method.lower(): _operation(path, one, table) for one in endpoints.values()},
            }
            for path, endpoints in table.items()
        },
        "components": {"securitySchemes": _SCHEMES},
    }


def _path_parameters(path: str) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", path)
    if not names:
        return {}
    schema = {"type": "string", "minLength": 1}
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": schema} for name in names
    ]
    return {"parameters": parameters}


def _links(path: str, endpoint: Endpoint, table: Table) -> dict[str, Any]:
    """Where what an operation answers leads to: the operations on what it made or listed."""
    for collection, parameter, where in _LEADS:
        if f"{endpoint.method} {path}" == collection:
            return {
                f"{other.method} {longer}": {
                    "operationId": f"{other.method} {longer}",
                    "parameters": {parameter: f"$response.body#/{where}"},
                }
                for longer, endpoints in table.items()
                for other in endpoints.values()
                if longer.startswith(f"{path}/{{")
            }
    return {}


def _operation(path: str, endpoint: Endpoint, table: Table) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": f"{endpoint.method} {path}",
        "responses": {
            str(status): _answer(path, status, schema)
            for status, schema in sorted(_answers(endpoint).items())
        },
    }
    links = _links(path, endpoint, table)
    if links:
        operation["responses"][str(min(endpoint.answers))]["links"] = links
    if endpoint.query:
        operation["parameters"] = [_parameter(one) for one in endpoint.query.items()]
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {endpoint.body_type: {"schema": endpoint.body}},
        }
    if not endpoint.is_open:
        operation["security"] = [{"accessToken": []}, {"apiKey": [], "instance": []}]
    return operation


def _answers(endpoint: Endpoint) -> Mapping[int, Schema | None]:
    """What an endpoint says itself, and what is said around it."""
    error = schemas.ACCOUNT_ERROR if endpoint in QUANTUM_ACCOUNT else schemas.RUNTIME_ERROR
    answers: dict[int, Schema | None] = {400: error}
    if not endpoint.is_open:
        answers[401] = error
        answers[403] = error
    if endpoint.body is not None:
        answers[413] = error
        answers[415] = error
    return {**answers, **endpoint.answers}


def _answer(path: str, status: int, schema: Schema | None) -> dict[str, Any]:
    told = "Done" if status < 300 else "Refused"
    if schema is None:
        return {"description": told}
    kind = "text/plain" if status == 200 and path.endswith(_TEXT_ANSWERS) else "application/json"
    return {"description": told, "content": {kind: {"schema": schema}}}


def _parameter(one: tuple[str, Schema]) -> dict[str, Any]:
    name, schema = one
    # Everything in a query is text; an empty list cannot be written there.
    return {"name": name, "in": "query", "required": False, "schema": schema}
