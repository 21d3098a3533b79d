"""Masking of secrets in the fields of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.api.http.redaction import HIDDEN, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

# The last characters of a long secret identify it without revealing it.
_VISIBLE_CHARACTERS = 4
_LONG = 24


def mask_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an account with token, CRN and passwords masked.

    Args:
        fields: The fields, in the format of the account file.
    """
    shown = dict(fields)
    if "token" in shown:
        shown["token"] = mask_secret(shown["token"])
    instance = shown.get("instance")
    if isinstance(instance, str) and instance.startswith("crn:"):
        shown["instance"] = f"crn:{mask_secret(instance)}"
    if isinstance(shown.get("url"), str):
        shown["url"] = redact(shown["url"])
    if shown.get("proxies"):
        shown["proxies"] = HIDDEN
    return shown


def mask_secret(secret: Any) -> str:
    """Mask a secret, keeping its last characters if it is long."""
    text = str(secret)
    return HIDDEN + (text[-_VISIBLE_CHARACTERS:] if len(text) >= _LONG else "")
