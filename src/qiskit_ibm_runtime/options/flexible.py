"""Dataclasses that take fields nobody declared, and sections given as dicts.

0.9.3 accepts any keyword in every options class, and users forward options of later programs that
way. A class is extended only for objects that need it, once for each set of extra names, so that
plain options stay plain: equal, picklable and quick to make.
"""

from __future__ import annotations

from dataclasses import field, fields, is_dataclass, make_dataclass
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, Dict, Generic, TypeVar, Union, cast, overload  # noqa: UP035

T = TypeVar("T")

if TYPE_CHECKING:

    class Section(Generic[T]):
        """How type checkers see a section: read as its class, written as that, a dict or None."""

        @overload
        def __get__(self, instance: None, owner: type) -> Section[T]: ...
        @overload
        def __get__(self, instance: object, owner: type) -> T: ...
        def __get__(self, instance: object, owner: type) -> Any: ...
        def __set__(self, instance: object, value: T | dict[str, Any] | None) -> None: ...

else:
    Section = Union[T, Dict[str, Any], None]  # noqa: UP006 - read at run time on Python 3.9


def section(cls: type) -> Any:
    """Declare a field that holds a section; what it is given is made an object of ``cls``."""
    return field(default_factory=cls)


def flexible(cls: type[T]) -> type[T]:
    """Let a dataclass carry undeclared fields, given to its constructor or assigned later."""
    plain_init = cls.__init__
    declared = {entry.name: entry for entry in fields(cls)}  # type: ignore[arg-type]

    @wraps(plain_init)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        plain_init(self, *args, **{name: kwargs[name] for name in kwargs if name in declared})
        for name, value in kwargs.items():
            if name not in declared:
                setattr(self, name, value)

    def set_attribute(self: Any, name: str, value: Any) -> None:
        if name in declared:
            value = _as_declared(declared[name], value)
        elif not name.startswith("__"):  # as in `options.__class__ = ...`
            names = {entry.name for entry in fields(self)} - declared.keys() | {name}
            # No gap can open here: the classes differ in their fields, not in their layout.
            extended = _extended(cast("type", cls), tuple(sorted(names)))
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
    values = {entry: getattr(options, entry.name) for entry in fields(options)}
    return {
        entry.name: to_dict(value) if _section_class(entry) else value
        for entry, value in values.items()
    }


def is_section(value: Any) -> bool:
    """Whether this is an object of an options class."""
    return is_dataclass(value) and not isinstance(value, type)


def _as_declared(entry: Any, value: Any) -> Any:
    cls = _section_class(entry)
    if cls is None or isinstance(value, cls):
        return value
    if value is None:
        return cls()
    if isinstance(value, dict):
        return cls(**value)
    raise TypeError(f"{entry.name!r} takes {cls.__name__} or a dict, not {type(value).__name__}.")


def _section_class(entry: Any) -> Any:
    return entry.default_factory if is_dataclass(entry.default_factory) else None


@cache
def _extended(cls: type, names: tuple[str, ...]) -> type:
    extra = [(name, Any, field(default=None)) for name in names]
    extended = make_dataclass(cls.__name__, extra, bases=(cls,), init=False)
    extended.__module__, extended.__qualname__ = cls.__module__, cls.__qualname__
    return extended


def _rebuilt(cls: type[T], values: dict[str, Any]) -> T:
    return cls(**values)
