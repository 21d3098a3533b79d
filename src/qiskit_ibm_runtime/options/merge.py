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

    A flat name goes to the section that has it (``shots`` to ``execution``), otherwise to the top.
    A section given as a mapping overrides or extends that section and wins over flat names; given
    as an options object it replaces the section; ``None`` leaves it. A value that happens to be a
    mapping, such as a layout, replaces the old one whole.

    Args:
        old: Options as a nested dict.
        new: Options to put over them.

    Returns:
        A new nested dict. It shares no container with its inputs, except noise models: one of 127
        qubits in its dict form takes a tenth of a second to copy, and nobody edits them.

    Raises:
        TypeError: If a section is anything but ``None``, a mapping or an object of its own class.
    """
    result = {name: _copied(name, _in_dict_form(name, value)) for name, value in old.items()}
    _put(result, new or {})
    return result


def completed(options: Mapping[str, Any], new: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return options in which every field of each section has a value.

    Args:
        options: Options as a nested dict.
        new: Options to put over them and over the defaults, as for :func:`merged`.
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
    """Return a section as a mapping, or ``None``; any other value as it is."""
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
    # Most values are plain. They are told apart first, because a device's map holds hundreds.
    if kind in _PLAIN or name == "noise_model":
        return value
    if kind in (list, tuple, set):
        return kind([_copied("", item) for item in value])
    if _is_mapping(value):
        return {key: _copied(key, item) for key, item in value.items()}
    return value


def _is_mapping(value: Any) -> bool:
    """Whether this is a mapping of the user's; an options object that is one, too, is none."""
    return isinstance(value, Mapping) and not isinstance(value, Flexible)
