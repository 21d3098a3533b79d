"""Secrets in the fields of an account, masked for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.api.http.redaction import HIDDEN, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of a long secret, the end tells a person which one it is and is of no use to anybody else.
_SHOWN = 4
_LONG = 24


def masked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an account with token, CRN and passwords masked.

    Args:
        fields: The fields, as they are saved.
    """
    shown = dict(fields)
    if "token" in shown:
        shown["token"] = mask(shown["token"])
    instance = shown.get("instance")
    if isinstance(instance, str) and instance.startswith("crn:"):
        shown["instance"] = f"crn:{mask(instance)}"
    if isinstance(shown.get("url"), str):
        shown["url"] = redact(shown["url"])
    if shown.get("proxies"):
        shown["proxies"] = HIDDEN
    return shown


def mask(secret: Any) -> str:
    """Return what may be shown of a secret: its last characters, if it is long."""
    text = str(secret)
    return HIDDEN + (text[-_SHOWN:] if len(text) >= _LONG else "")
