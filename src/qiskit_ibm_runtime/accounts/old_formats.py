"""Formats of older releases: accounts before 0.3, with ``auth``, and the ``qiskitrc`` file."""

from __future__ import annotations

import ast
from typing import Any

from qiskit_ibm_runtime.proxies import ProxyConfiguration

from .account import Account
from .exceptions import InvalidAccountError

_RENAMED = {"default-cloud": "default-ibm-cloud", "default-legacy": "default-ibm-quantum"}
_CHANNELS = {"cloud": "ibm_cloud", "legacy": "ibm_quantum"}
_AUTH_OF_DEFAULT = {"default-cloud": "cloud", "default-legacy": "legacy"}
_FALSE = ("0", "false", "no", "off")


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


def account_from_section(section: dict[str, str]) -> Account | None:
    """Create an account from a section of the file.

    Args:
        section: Keys ``token``, ``url``, ``default_provider``, ``verify`` and ``proxies``.

    Returns:
        An account for channel ``ibm_quantum``; ``None`` without a token.

    Raises:
        InvalidAccountError: If the proxies cannot be understood.
    """
    if not section.get("token"):
        return None
    return Account(
        channel="ibm_quantum",
        token=section["token"],
        url=section.get("url"),
        instance=section.get("default_provider") or None,
        proxies=_proxies(section.get("proxies", "")),
        verify=section.get("verify", "").strip().lower() not in _FALSE,
    )


def _proxies(text: str) -> ProxyConfiguration | None:
    """Parse ``{"urls": {...}, "username_ntlm": ...}`` or a plain mapping of URLs."""
    if not text.strip():
        return None
    try:
        fields: Any = ast.literal_eval(text.strip())
        if not fields:
            return None
        if not {"urls", "username_ntlm", "password_ntlm"} & set(fields):
            fields = {"urls": dict(fields)}
        return ProxyConfiguration.from_dict(fields)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        # The text may hold a password, so it is not shown.
        raise InvalidAccountError(
            "The `proxies` in qiskitrc cannot be understood. Write a Python dict such as "
            "{'urls': {'https': 'http://proxy.example:8080'}}."
        ) from None
