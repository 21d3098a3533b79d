"""Which backends a name means, and which fit the keywords of a search, by what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What only a status tells; everything else is looked up in configurations.
STATUS_FIELDS = ("operational", "pending_jobs", "status_msg")
_NOWHERE = object()


def value_of(configuration: Any, field: str) -> Any:
    """Value of a field of a configuration; ``None`` if it has no such field."""
    value = _look_up(configuration, field)
    return None if value is _NOWHERE else value


def unknown_fields(fields: Iterable[str], configurations: Iterable[Any]) -> list[str]:
    """Keywords that neither a status nor any of the configurations can answer."""
    known = list(configurations)
    return [
        field
        for field in fields
        if field not in STATUS_FIELDS
        and all(_look_up(configuration, field) is _NOWHERE for configuration in known)
    ]


def fits(configuration: Any, wanted: Mapping[str, Any]) -> bool:
    """Whether the fields have the values wanted, as far as a configuration can tell."""
    return all(
        value_of(configuration, field) == value
        for field, value in wanted.items()
        if field not in STATUS_FIELDS
    )


def _look_up(configuration: Any, field: str) -> Any:
    value = _NOWHERE if field.startswith("_") else getattr(configuration, field, _NOWHERE)
    # A method of the configuration class is no field of the device.
    return _NOWHERE if callable(value) else value


def name_today(service: Any, name: Any) -> Any:
    """Return the name of a backend, or of the one that the user lets stand in for it."""
    client = getattr(service, "_api_client", None)
    ask = getattr(type(client), "name_today", None)
    return name if ask is None else ask(client, name)


def why_missing(service: Any, name: Any) -> str:
    """Return what is known of a backend that is not there; empty if nothing is."""
    client = getattr(service, "_api_client", None)
    ask = getattr(type(client), "why_missing", None)
    return "" if ask is None else str(ask(client, name))
