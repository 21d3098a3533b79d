"""Dataclasses that take fields nobody declared.

0.9.3 accepts any keyword in every options class, and users forward options of later programs that
way. A class is extended only for objects that need it, once for each set of extra names, so that
plain options stay plain: equal, picklable and quick to make.
"""

from __future__ import annotations

from dataclasses import field, fields, is_dataclass, make_dataclass
from functools import cache, wraps
from typing import Any, TypeVar, cast

T = TypeVar("T")


def flexible(cls: type[T]) -> type[T]:
    """Let a dataclass carry undeclared fields, given to its constructor or assigned later."""
    plain_init = cls.__init__

    @wraps(plain_init)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        declared = {entry.name for entry in fields(cls)}  # type: ignore[arg-type]
        extra = {name: value for name, value in kwargs.items() if name not in declared}
        plain_init(self, *args, **{name: kwargs[name] for name in kwargs if name in declared})
        for name, value in extra.items():
            setattr(self, name, value)

    def set_attribute(self: Any, name: str, value: Any) -> None:
        known = {entry.name for entry in fields(self)}
        if name not in known and not name.startswith("_"):
            # No gap can open here: the classes differ in their fields, not in their layout.
            extended = _extended(cast("type", cls), (*_extras(cls, self), name))
            object.__setattr__(self, "__class__", extended)
        object.__setattr__(self, name, value)

    def reduce(self: Any) -> tuple[Any, ...]:
        return _rebuilt, (cls, {entry.name: getattr(self, entry.name) for entry in fields(self)})

    cls.__init__ = init  # type: ignore[method-assign]
    cls.__setattr__ = set_attribute  # type: ignore[method-assign]
    cls.__reduce__ = reduce  # type: ignore[method-assign]
    return cls


def to_dict(options: Any) -> dict[str, Any]:
    """Return all fields as a nested dict; values are handed over as they are, never copied."""
    result = {}
    for entry in fields(options):
        value = getattr(options, entry.name)
        plain = is_dataclass(value) and not isinstance(value, type)
        result[entry.name] = to_dict(value) if plain else value
    return result


def _extras(cls: type, options: Any) -> tuple[str, ...]:
    declared = {entry.name for entry in fields(cls)}
    return tuple(entry.name for entry in fields(options) if entry.name not in declared)


@cache
def _extended(cls: type, names: tuple[str, ...]) -> type:
    extra = [(name, Any, field(default=None)) for name in names]
    extended = make_dataclass(cls.__name__, extra, bases=(cls,), init=False)
    extended.__module__, extended.__qualname__ = cls.__module__, cls.__qualname__
    return extended


def _rebuilt(cls: type[T], values: dict[str, Any]) -> T:
    return cls(**values)
