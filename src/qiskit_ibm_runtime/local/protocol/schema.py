"""The part of JSON Schema in which requests describe their values, and its check.

Inputs of uploaded programs are checked by the library jsonschema, which knows all of it. Every
request passes here, where that library costs a submit 65 to 155 microseconds instead of 15 to 20,
and its messages would repeat what was sent, tokens too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Schema = dict[str, Any]

_TYPES: Mapping[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "number": (int, float),
    "null": type(None),
}


def problems(value: Any, schema: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Yield what is wrong with a value, one sentence each."""
    label = where or "The value"
    allowed = schema.get("type")
    if allowed is not None:
        kinds = allowed if isinstance(allowed, list) else [allowed]
        if not any(_is(value, kind) for kind in kinds):
            yield f"{label} must be of type {' or '.join(kinds)}."
            return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{label} must be one of {', '.join(map(str, schema['enum']))}."
    if isinstance(value, str):
        yield from _text_problems(value, schema, label)
    elif isinstance(value, dict):
        yield from _object_problems(value, schema, where)
    elif isinstance(value, list):
        yield from _array_problems(value, schema, label)
    elif _is(value, "number"):
        yield from _number_problems(value, schema, label)


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return isinstance(value, _TYPES[kind])


def _text_problems(value: str, schema: Mapping[str, Any], label: str) -> Iterator[str]:
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        yield f"{label} holds half a character (a lone surrogate)."
    if len(value) < schema.get("minLength", 0):
        yield f"{label} must not be empty."
    if len(value) > schema.get("maxLength", len(value)):
        yield f"{label} is longer than {schema['maxLength']} characters."
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{label} does not match {schema['pattern']}."


def _number_problems(value: float, schema: Mapping[str, Any], label: str) -> Iterator[str]:
    if value < schema.get("minimum", value):
        yield f"{label} must be at least {schema['minimum']}."
    if value > schema.get("maximum", value):
        yield f"{label} must be at most {schema['maximum']}."


def _array_problems(value: list[Any], schema: Mapping[str, Any], label: str) -> Iterator[str]:
    if len(value) > schema.get("maxItems", len(value)):
        yield f"{label} has more than {schema['maxItems']} entries."
    items = schema.get("items")
    if isinstance(items, dict):
        for index, item in enumerate(value):
            yield from problems(item, items, f"{label}[{index}]")


def _object_problems(value: dict[str, Any], schema: Mapping[str, Any], where: str) -> Iterator[str]:
    properties = schema.get("properties") or {}
    for name in schema.get("required") or ():
        if name not in value:
            yield f"{_path(where, name)} is required."
    if schema.get("additionalProperties") is False:
        for name in value.keys() - properties.keys():
            yield f"{_path(where, name)} is not known here."
    for name, inner in properties.items():
        if name in value and isinstance(inner, dict):
            yield from problems(value[name], inner, _path(where, name))


def _path(where: str, name: str) -> str:
    return f"{where}.{name}" if where else f"'{name}'"
