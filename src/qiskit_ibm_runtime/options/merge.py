"""Merge options in dict form, flat, nested or both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .flexible import Flexible, is_section, to_dict
from .names import CLASSES, SECTIONS

_PLAIN = frozenset({bool, int, float, str, type(None)})
_DEFAULTS = {name: to_dict(cls()) for name, cls in CLASSES.items()}


def merged(old: Mapping[str, Any], new: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return ``old`` updated with ``new``; neither is modified.

    A flat name belongs to the section that declares it (``shots`` to ``execution``), or else to the
    top level. A section given as a mapping updates that section and takes precedence over flat
    names; given as an options object it replaces the section; ``None`` leaves it unchanged. Values
    that are mappings themselves, such as layouts, are replaced, not merged.

    Args:
        old: Options as a nested dict.
        new: Options that override them.

    Returns:
        A new nested dict, which shares no container with its inputs except noise models: copying
        the dict form of one with 127 qubits takes 0.1 seconds.

    Raises:
        TypeError: If a section is not ``None``, a mapping or an object of its class.
    """
    result = {name: _copied(name, _in_dict_form(name, value)) for name, value in old.items()}
    _put(result, new or {})
    return result


def completed(options: Mapping[str, Any], new: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return options in which every field of each section has a value.

    Args:
        options: Options as a nested dict.
        new: Options that override them and the defaults, as for :func:`merged`.
    """
    result = merged(options)
    for name, defaults in _DEFAULTS.items():
        result[name] = {**_copied(name, defaults), **_section(result, name)}
    _put(result, new or {})
    return result


def _put(result: dict[str, Any], new: Mapping[str, Any]) -> None:
    for name, value in new.items():
        if name not in SECTIONS:
            home = next((result[s] for s in SECTIONS if name in _section(result, s)), result)
            home[name] = _copied(name, value)
    for name in SECTIONS:
        given = _in_dict_form(name, new.get(name))
        if given is not None:
            kept = _section(result, name) if _is_mapping(new[name]) else {}
            result[name] = {**kept, **_copied(name, given)}


def _section(options: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = options.get(name)
    return section if isinstance(section, dict) else {}


def _in_dict_form(name: str, value: Any) -> Any:
    """Return a section as a mapping or ``None``; other values are unchanged."""
    if name not in SECTIONS or value is None or type(value) is dict:
        return value
    if is_section(value, CLASSES[name]):
        return to_dict(value)
    if _is_mapping(value):
        return value
    raise TypeError(
        f"{name!r} takes {CLASSES[name].__name__} or a dict, not {type(value).__name__}."
    )


def _copied(name: str, value: Any) -> Any:
    """Copy containers, not values: callbacks and noise models must keep their identity."""
    kind = type(value)
    # Check the most frequent case first: a coupling map contains hundreds of integers.
    if kind in _PLAIN or name == "noise_model":
        return value
    if kind in (list, tuple, set):
        return kind([_copied("", item) for item in value])
    if _is_mapping(value):
        return {key: _copied(key, item) for key, item in value.items()}
    return value


def _is_mapping(value: Any) -> bool:
    """Return whether this is a mapping, but not an options object."""
    return isinstance(value, Mapping) and not isinstance(value, Flexible)
