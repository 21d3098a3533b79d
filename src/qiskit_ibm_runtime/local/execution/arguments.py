"""Are the inputs of a job what its program says it takes?"""

from __future__ import annotations

from typing import Any

_AS_ARRAY = {"ndarray", "set"}
_AS_STRING = {"datetime"}
_AS_NUMBER = {"complex"}


class ArgumentsError(ValueError):
    """The inputs do not fit the schema of the program; the message lists each difference."""


def check(schema: dict[str, Any], params: Any) -> None:
    """Check the inputs of a job against the JSON schema of its program's parameters.

    Inputs are looked at as they travel. An array or a date in a typed wrapper counts as what it
    stands for.

    Args:
        schema: What the program's metadata has under ``spec`` and ``parameters``.
        params: The inputs as plain JSON values, not decoded further.

    Raises:
        ArgumentsError: If they do not fit.
        ValueError: If the schema itself cannot be used.
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
            f"The program's schema of its parameters is faulty: {exc.message}"
        ) from exc
    validator = validators.extend(cls, _for_plain_values(cls), type_checker=checker)(schema)
    found = sorted(validator.iter_errors(params), key=lambda error: error.json_path)
    if found:
        lines = [f"{_place(error)}: {_shortened(error.message)}" for error in found]
        raise ArgumentsError("The inputs do not fit the program. " + "; ".join(lines))


def _for_plain_values(cls: Any) -> dict[str, Any]:
    """Rules about what is inside an array or object, which a typed wrapper does not show."""
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
