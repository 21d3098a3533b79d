"""Sections and names of options, and suggestions for misspelled ones."""

from __future__ import annotations

import difflib
import warnings
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.runtime_options import RuntimeOptions
from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel

from .environment_options import EnvironmentOptions
from .execution_options import ExecutionOptions
from .resilience_options import ResilienceOptions
from .simulator_options import SimulatorOptions
from .transpilation_options import TranspilationOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

CLASSES: dict[str, type] = {
    "transpilation": TranspilationOptions,
    "resilience": ResilienceOptions,
    "execution": ExecutionOptions,
    "environment": EnvironmentOptions,
    "simulator": SimulatorOptions,
}
SECTIONS = tuple(CLASSES)
KNOWN = {name: tuple(entry.name for entry in fields(cls)) for name, cls in CLASSES.items()}
TOP_LEVEL = ("optimization_level", "resilience_level", "max_execution_time", *SECTIONS)
JOB_OPTIONS = tuple(entry.name for entry in fields(RuntimeOptions))
DEPRECATED = ("translation_method", "timing_constraints")
_HOMES = {name: section for section, names in KNOWN.items() for name in names}
_ALSO_KNOWN = {"environment": JOB_OPTIONS, "transpilation": DEPRECATED}
_SENT = "It is sent to the service, which may ignore it."
_NOT_SENT = "It is not sent to the service."


def unknown_names(options: Mapping[str, Any]) -> list[str]:
    """Return top-level names that 0.9.3 sends to the program unchanged."""
    return [name for name in options if name not in TOP_LEVEL and name != "image"]


def warn_of_names(options: Mapping[str, Any]) -> None:
    """Warn once for each unknown or deprecated name, with a suggestion."""
    for name in unknown_names(options):
        _warn(f"The option {name!r} is unrecognised. {_SENT}{suggestion(name)}", UserWarning)
    for section in SECTIONS:
        fate = _NOT_SENT if section in ("environment", "simulator") else _SENT
        for name in options.get(section) or ():
            if name not in KNOWN[section] and name not in _ALSO_KNOWN.get(section, ()):
                _warn(
                    f"The option '{section}.{name}' is unrecognised. {fate}"
                    f"{suggestion(name, section)}",
                    UserWarning,
                )
    for name in DEPRECATED:
        if name in (options.get("transpilation") or ()):
            _warn(
                f"The transpilation option {name!r} is deprecated as of qiskit-ibm-runtime 0.8 and "
                "will be removed no sooner than 3 months after that release date.",
                DeprecationWarning,
            )


def suggestion(name: Any, section: str | None = None) -> str:
    """Return " Did you mean …?" for a name close to a known one, else nothing.

    Args:
        name: The unknown name; may have any type, as it may be the key of a user's dict.
        section: Section in which it was used, whose names are preferred.
    """
    if not isinstance(name, str):
        return ""
    sought = name.lower()
    for names in (KNOWN.get(section or "", ()), (*TOP_LEVEL, *_HOMES)):
        close = difflib.get_close_matches(sought, names, n=1, cutoff=0.75)
        # A name may also be one word of a known name, such as `seed`.
        close = close or [known for known in names if sought in known.split("_")]
        if len(close) == 1:
            meant, home = close[0], _HOMES.get(close[0])
            # This notation works for `Options` and for the nested dict of a primitive.
            how = f" Write {home}={{{meant!r}: ...}}." if home else ""
            return f" Did you mean {f'{home}.{meant}' if home else meant!r}?{how}"
    return ""


def _warn(message: str, category: type[Warning]) -> None:
    warnings.warn(message, category, stacklevel=caller_stacklevel())
