"""Helpers at the import paths of 0.9.3; the codecs are imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.lazy import submodule

from .converters import duration_difference, local_to_utc, seconds_to_duration, utc_to_local
from .utils import get_runtime_api_base_url, is_crn, resolve_crn, to_python_identifier

if TYPE_CHECKING:
    from .json import RuntimeDecoder, RuntimeEncoder, to_base64_string

__all__ = [
    "RuntimeDecoder",
    "RuntimeEncoder",
    "duration_difference",
    "get_runtime_api_base_url",
    "is_crn",
    "local_to_utc",
    "resolve_crn",
    "seconds_to_duration",
    "to_base64_string",
    "to_python_identifier",
    "utc_to_local",
]

_CODECS = ("RuntimeDecoder", "RuntimeEncoder", "to_base64_string")


def __getattr__(name: str) -> Any:
    if name not in _CODECS:
        return submodule(__name__, name)
    return getattr(submodule(__name__, "json"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
