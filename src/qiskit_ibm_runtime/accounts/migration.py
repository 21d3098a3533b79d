"""Migration from the account format before 0.3, which used ``auth`` instead of ``channel``."""

from __future__ import annotations

from typing import Any

_RENAMED = {"default-cloud": "default-ibm-cloud", "default-legacy": "default-ibm-quantum"}
_CHANNELS = {"cloud": "ibm_cloud", "legacy": "ibm_quantum"}
_AUTH_OF_DEFAULT = {"default-cloud": "cloud", "default-legacy": "legacy"}


def needs_migration(content: dict[str, Any]) -> bool:
    """Tell whether an account has the old format."""
    return any(map(_is_old, content.values()))


def migrated(content: dict[str, Any]) -> dict[str, Any]:
    """Return the accounts in the current format, sorted by name.

    An old default account takes the new name unless an account has it already; then both stay.
    """
    kept = {name: entry for name, entry in content.items() if not _is_old(entry)}
    for name, entry in content.items():
        if _is_old(entry):
            new_name = _RENAMED.get(name, name)
            kept[name if new_name in content else new_name] = _in_present_format(name, entry)
    return dict(sorted(kept.items()))


def _is_old(entry: Any) -> bool:
    return isinstance(entry, dict) and "auth" in entry


def _in_present_format(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    present = {key: value for key, value in entry.items() if key != "auth"}
    auth = _AUTH_OF_DEFAULT.get(name, entry["auth"])
    if isinstance(auth, str) and auth in _CHANNELS:
        present["channel"] = _CHANNELS[auth]
    return present
