"""Validation of a job's inputs against the JSON schema of its program."""

from __future__ import annotations

from typing import Any

_AS_ARRAY = {"ndarray", "set"}
_AS_STRING = {"datetime"}
_AS_NUMBER = {"complex"}


class ArgumentsError(ValueError):
    """The inputs violate the schema of the program; the message lists every violation."""


def check(schema: dict[str, Any], params: Any) -> None:
    """Validate the inputs of a job against the JSON schema of its program's parameters.

    Inputs are validated in their encoded form. Arrays and dates with a type tag are treated as the
    values that they represent.

    Args:
        schema: Schema in the program's metadata, under ``spec`` and ``parameters``.
        params: The inputs as plain JSON values, not decoded further.

    Raises:
        ArgumentsError: If the inputs violate the schema.
        ValueError: If the schema itself is invalid.
    """
    import jsonschema
    from jsonschema import validators

    cls = validators.validator_for(schema, default=validators.Draft201909Validator)
    plain = cls.TYPE_CHECKER
    checker = plain.redefine_many(
        {
            "array": lambda _, value: plain.is_type(value, "array") or _tag(value) in _AS_ARRAY,
            "string": lambda _, value: plain.is_type(value, "string") or _tag(value) in _AS_STRING,
            "number": lambda _, value: plain.is_type(value, "number") or _tag(value) in _AS_NUMBER,
        }
    )
    try:
        cls.check_schema(schema)
    except jsonschema.SchemaError as exc:
        raise ValueError(
            f"The schema of the program's parameters is invalid: {exc.message}"
        ) from exc
    validator = validators.extend(cls, _for_plain_values(cls), type_checker=checker)(schema)
    found = sorted(validator.iter_errors(params), key=lambda error: error.json_path)
    if found:
        lines = [f"{_place(error)}: {_shortened(error.message)}" for error in found]
        raise ArgumentsError(
            "The inputs violate the schema of the program's parameters. " + "; ".join(lines)
        )


def _for_plain_values(cls: Any) -> dict[str, Any]:
    """Return rules on the contents of arrays, disabled for values with a type tag."""
    inside = ("items", "minItems", "maxItems", "uniqueItems", "contains", "prefixItems")
    rules = {name: rule for name, rule in cls.VALIDATORS.items() if name in inside}
    return {name: _unless_wrapped(rule) for name, rule in rules.items()}


def _unless_wrapped(rule: Any) -> Any:
    def check_plain(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        return () if _tag(instance) else rule(validator, value, instance, schema) or ()

    return check_plain


def _tag(value: Any) -> str | None:
    return value.get("__type__") if isinstance(value, dict) else None


def _place(error: Any) -> str:
    path = ".".join(map(str, error.absolute_path))
    return path or "inputs"


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}..."
