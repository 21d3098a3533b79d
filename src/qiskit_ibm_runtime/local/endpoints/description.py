"""OpenAPI description, generated from the route table and its models."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from qiskit_ibm_runtime.local.protocol.models import AccountErrorBody, ErrorBody
from qiskit_ibm_runtime.local.protocol.responses import ACCOUNT_PATHS, TextResponse

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
# OpenAPI links: the path parameter that a response supplies, and its place in the response.
_LINKS = {
    "POST /jobs": ("id", "id"),
    "POST /programs": ("id", "id"),
    "GET /backends": ("name", "devices/0"),
}
_DESCRIPTION = (
    "The classic protocol of Qiskit Runtime. In addition to the paths listed here, each job has a "
    f"websocket stream at `{STREAM_PATH}`. It sends an acknowledgement, all interim results, and "
    "the result, then closes with code 1000."
)


def description(table: Table) -> dict[str, Any]:
    """Describe a route table in OpenAPI 3.1."""
    endpoints = [one for methods in table.values() for one in methods.values()]
    models = {model for one in endpoints for model in (one.query, one.body, one.result)}
    models -= {None, bytearray, TextResponse}
    ordered = [*sorted(models, key=str), ErrorBody, AccountErrorBody]
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
        "responses": _responses(path, one, schemas, table),
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
    if not one.is_public:
        operation["security"] = [{"accessToken": []}, {"apiKey": [], "instance": []}]
    return operation


def _responses(
    path: str, one: Endpoint, schemas: dict[Any, Any], table: Table
) -> dict[str, dict[str, Any]]:
    errors = {400, *one.errors}
    if not one.is_public:
        errors |= {401, 403}
    if one.body is not None:
        errors |= {413, 415}
    error = schemas[AccountErrorBody if path.startswith(ACCOUNT_PATHS) else ErrorBody]
    success: dict[str, Any] = {"description": "Success"}
    if one.result is TextResponse:
        success["content"] = {"text/plain": {"schema": _TEXT}}
    elif one.result is not None:
        success["content"] = {"application/json": {"schema": schemas[one.result]}}
    links = _links(path, one, table)
    if links:
        success["links"] = links
    failure = {"description": "Error", "content": {"application/json": {"schema": error}}}
    responses = {str(one.status if one.result is not None else 204): success}
    return {**responses, **{str(status): failure for status in sorted(errors)}}


def _links(path: str, one: Endpoint, table: Table) -> dict[str, Any]:
    """Return the OpenAPI links to the operations on what a response created or listed."""
    parameter, where = _LINKS.get(f"{one.method} {one.path}", ("", ""))
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
