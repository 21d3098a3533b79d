"""The OpenAPI description, made of the table of routes and of the models in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from qiskit_ibm_runtime.local.protocol.answers import ACCOUNT_PATHS, TextAnswer
from qiskit_ibm_runtime.local.protocol.models import AccountFaults, Faults

from .endpoint import BYTES
from .stream import STREAM_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

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
_TEXT = {"type": "string"}
_BASE64 = {**_TEXT, "contentEncoding": "base64"}
# What an answer has that further paths need: the parameter, and where it stands.
_LEADS = {
    "POST /jobs": ("id", "id"),
    "POST /programs": ("id", "id"),
    "GET /backends": ("name", "devices/0"),
}
_DESCRIPTION = (
    "The classic protocol of Qiskit Runtime. Beside what is listed, the stream of a job is a "
    f"websocket under `{STREAM_PATH}`: an acknowledgement, every interim result from the first, "
    "the result, then a close with code 1000."
)


def description(table: Table) -> dict[str, Any]:
    """The whole description of a table of routes, as OpenAPI 3.1."""
    endpoints = [one for methods in table.values() for one in methods.values()]
    models = {model for one in endpoints for model in (one.query, one.body, one.answer)}
    models -= {None, bytearray, TextAnswer}
    ordered = [*sorted(models, key=str), Faults, AccountFaults]
    template = "#/components/schemas/{name}"
    found, components = msgspec.json.schema_components(ordered, ref_template=template)
    schemas = dict(zip(ordered, found))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Qiskit Runtime, embedded",
            "version": "0.9.3",
            "description": _DESCRIPTION,
        },
        "paths": {
            path: {
                "parameters": [_path_parameter(name) for name in re.findall(r"{(\w+)}", path)],
                **{
                    one.method.lower(): _operation(path, one, schemas, components, table)
                    for one in methods.values()
                },
            }
            for path, methods in table.items()
        },
        "components": {"schemas": components, "securitySchemes": _SCHEMES},
    }


def _path_parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _operation(
    path: str, one: Endpoint, schemas: dict[Any, Any], components: dict[str, Any], table: Table
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": (one.handler.__doc__ or "").partition("\n")[0].rstrip("."),
        "operationId": f"{one.method} {path}",
        "responses": _answers(path, one, schemas, table),
    }
    if one.query is not None:
        operation["parameters"] = [
            {"name": name, "in": "query", "schema": schema}
            for name, schema in components[one.query.__name__]["properties"].items()
        ]
    if one.body is not None:
        schema = _BASE64 if one.media_type == BYTES else schemas[one.body]
        content = {one.media_type: {"schema": schema}}
        operation["requestBody"] = {"required": True, "content": content}
    if not one.is_open:
        operation["security"] = [{"accessToken": []}, {"apiKey": [], "instance": []}]
    return operation


def _answers(
    path: str, one: Endpoint, schemas: dict[Any, Any], table: Table
) -> dict[str, dict[str, Any]]:
    refused = {400, *one.refuses}
    if not one.is_open:
        refused |= {401, 403}
    if one.body is not None:
        refused |= {413, 415}
    fault = schemas[AccountFaults if path.startswith(ACCOUNT_PATHS) else Faults]
    good: dict[str, Any] = {"description": "Done"}
    if one.answer is TextAnswer:
        good["content"] = {"text/plain": {"schema": _TEXT}}
    elif one.answer is not None:
        good["content"] = {"application/json": {"schema": schemas[one.answer]}}
    links = _links(path, one, table)
    if links:
        good["links"] = links
    bad = {"description": "Refused", "content": {"application/json": {"schema": fault}}}
    answers = {str(one.status if one.answer is not None else 204): good}
    return {**answers, **{str(status): bad for status in sorted(refused)}}


def _links(path: str, one: Endpoint, table: Table) -> dict[str, Any]:
    """Where an answer leads to: the operations on what was made or listed."""
    parameter, where = _LEADS.get(f"{one.method} {one.path}", ("", ""))
    if not parameter:
        return {}
    return {
        f"{other.method} {longer}": {
            "operationId": f"{other.method} {longer}",
            "parameters": {parameter: f"$response.body#/{where}"},
        }
        for longer, methods in table.items()
        for other in methods.values()
        if longer.startswith(f"{path}/{{")
    }
