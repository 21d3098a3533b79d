"""Dataclasses that accept undeclared fields, with sections that may be given as dicts.

0.9.3 accepts any keyword in every options class, which users rely on for options of later programs.
An object with additional fields gets a subclass of its class that declares them. This subclass is
cached for each set of names, so objects without additional fields remain ordinary dataclasses.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import MISSING, field, fields, is_dataclass, make_dataclass
from functools import cache, wraps
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Callable, Dict, Generic, TypeVar, Union, overload  # noqa: UP035

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Self

T = TypeVar("T")

if TYPE_CHECKING:

    class SectionField(Generic[T]):
        """Type of a section for type checkers: reads as its class; accepts that, a dict or None."""

        @overload
        def __get__(self, instance: None, owner: type) -> SectionField[T]: ...
        @overload
        def __get__(self, instance: object, owner: type) -> T: ...
        def __get__(self, instance: object, owner: type) -> Any: ...
        def __set__(self, instance: object, value: T | dict[str, Any] | None) -> None: ...

else:
    SectionField = Union[T, Dict[str, Any], None]  # noqa: UP006 - read at run time on Python 3.9


class Flexible:
    """Base of the options classes; accepts undeclared fields."""

    def __new__(cls, /, *_args: Any, **kwargs: Any) -> Self:
        """Create an object that has these fields, unless its constructor declares them."""
        known = _keywords(cls.__init__)
        refused = [name for name in kwargs if name not in known] if known is not None else []
        return super().__new__(_with_fields(cls, refused))

    def __setattr__(self, name: str, value: Any) -> None:
        cls = type(self)
        # Private names and attributes of a derived class, such as properties, are not options.
        if name not in _fields(cls) and not name.startswith("_") and not hasattr(cls, name):
            cls = self.__class__ = _with_fields(cls, [name])
        if name in _fields(cls):
            value = _as_declared(_fields(cls)[name], value)
        object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        cls = type(self)
        plain = _plain(cls)
        return _blank, (plain, tuple(_fields(cls).keys() - _fields(plain).keys())), vars(self)


class Section(Flexible, MutableMapping[str, Any]):
    """Base of the sections; also a mapping, because in 0.9.3 a section assigned as a dict is one.

    As in a ``defaultdict``, every field can be read by subscript, but the mapping contains only the
    fields that differ from their defaults.
    """

    def __getitem__(self, name: str) -> Any:
        if name not in _fields(type(self)):
            raise KeyError(name)
        return getattr(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        self.__class__ = _with_fields(type(self), [name])
        setattr(self, name, value)

    def __delitem__(self, name: str) -> None:
        setattr(self, name, _default(_fields(type(self))[name]))

    def __contains__(self, name: object) -> bool:
        return any(name == held for held in self)

    def __iter__(self) -> Iterator[str]:
        for name, entry in _fields(type(self)).items():
            value, default = getattr(self, name), _default(entry)
            if type(value) is not type(default) or value != default:
                yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field, or ``default`` if the field has its default value."""
        return dict(self).get(name, default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Set a field if it has its default value, and return the field."""
        if name not in self:
            self[name] = default
        return self[name]

    def __bool__(self) -> bool:
        return True

    def __dir__(self) -> list[str]:
        # Offer only options for completion, not the methods of mappings.
        return [name for name in super().__dir__() if name not in _OF_MAPPINGS]


_OF_MAPPINGS = frozenset(name for name in dir(MutableMapping) if not name.startswith("_"))


def section(cls: type) -> Any:
    """Declare a field that holds a section; values are converted to ``cls``."""
    return field(default_factory=cls)


def flexible(cls: type[T]) -> type[T]:
    """Make the constructor of a dataclass accept undeclared fields."""
    cls.__init__ = _taking_more(cls.__init__)  # type: ignore[method-assign]
    return cls


def sections_of(cls: type) -> dict[str, Any]:
    """Return the class of each section of an options class."""
    return {name: of for name, entry in _fields(cls).items() if (of := _section_class(entry))}


def to_dict(options: Any) -> dict[str, Any]:
    """Return all fields as a nested dict; values are not copied."""
    values = {entry: getattr(options, entry.name) for entry in fields(options)}
    return {
        entry.name: to_dict(value) if _section_class(entry) else value
        for entry, value in values.items()
    }


def is_section(value: Any, cls: type) -> bool:
    """Return whether this is a section object or a user-defined dataclass."""
    if isinstance(value, (Flexible, type)):
        return isinstance(value, cls)
    return is_dataclass(value)


def _taking_more(plain: Callable[..., None]) -> Callable[..., None]:
    known = _keywords(plain) or ()

    @wraps(plain)
    def init(self: Any, /, *args: Any, **kwargs: Any) -> None:
        more = {name: kwargs.pop(name) for name in tuple(kwargs) if name not in known}
        plain(self, *args, **kwargs)
        self.__class__ = _with_fields(type(self), more)
        for name, value in more.items():
            setattr(self, name, value)

    return init


@cache
def _keywords(init: Callable[..., None]) -> frozenset[str] | None:
    """Return the keyword names that a constructor accepts; ``None`` if it accepts all."""
    _, *parameters = signature(init, follow_wrapped=False).parameters.values()
    if any(each.kind is Parameter.VAR_KEYWORD for each in parameters):
        return None
    return frozenset(each.name for each in parameters)


def _with_fields(cls: type, names: Iterable[str]) -> type:
    """Return a class that also has these fields."""
    new = [name for name in names if name not in _fields(cls)]
    if not new:
        return cls
    plain = _plain(cls)
    return _extended(plain, tuple(sorted({*_fields(cls), *new} - _fields(plain).keys())))


@cache
def _extended(plain: type, names: tuple[str, ...]) -> type:
    extra = [(name, Any, field(default=None)) for name in names]
    extended = make_dataclass(plain.__name__, extra, bases=(plain,), init=False)
    extended.__module__, extended.__qualname__ = plain.__module__, plain.__qualname__
    extended._plain = plain  # type: ignore[attr-defined]
    init: Any = extended.__init__  # type: ignore[misc]  # that of `plain`, by inheritance
    if _keywords(init) is not None:
        extended.__init__ = _taking_more(init)  # type: ignore[misc]
    return extended


def _plain(cls: type) -> Any:
    """Return the class without undeclared fields."""
    return cls.__dict__.get("_plain", cls)


def _blank(plain: type, names: tuple[str, ...]) -> Any:
    return object.__new__(_with_fields(plain, names))


def _fields(cls: Any) -> dict[str, Any]:
    entries: dict[str, Any] = cls.__dataclass_fields__
    return entries


def _default(entry: Any) -> Any:
    return entry.default if entry.default_factory is MISSING else entry.default_factory()


def _as_declared(entry: Any, value: Any) -> Any:
    cls = _section_class(entry)
    if cls is None or is_section(value, cls):
        return value
    if value is None:
        return cls()
    if isinstance(value, dict):
        return cls(**value)
    raise TypeError(f"{entry.name!r} takes {cls.__name__} or a dict, not {type(value).__name__}.")


def _section_class(entry: Any) -> Any:
    return entry.default_factory if is_dataclass(entry.default_factory) else None
