"""Account of qiskit-ibmq-provider in the ``qiskitrc`` file."""

from __future__ import annotations

import ast
from typing import Any

from qiskit_ibm_runtime.proxies import ProxyConfiguration

from .account import Account
from .exceptions import InvalidAccountError

_FALSE = ("0", "false", "no", "off")


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
