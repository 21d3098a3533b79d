"""Results that are stored at another address."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from qiskit_ibm_runtime.api.loopback import is_loopback

# Such a text holds nothing but an address; longer ones are not even looked at, so a large result
# is parsed once.
LONGEST_LINK = 16_384
# What is downloaded from elsewhere, in bytes.
LONGEST_RESULT = 2**30


def link_in(text: str) -> str | None:
    """Return the address of a result that is stored elsewhere.

    Only a JSON object whose single entry is a text ``url`` counts; a result that mentions
    addresses is a result.
    """
    if len(text) > LONGEST_LINK or '"url"' not in text:
        return None
    try:
        data = json.loads(text)
    except ValueError:
        return None
    if isinstance(data, dict) and set(data) == {"url"} and isinstance(data["url"], str):
        return data["url"]
    return None


def is_safe(url: str) -> bool:
    """Whether an address may be fetched: https, or on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
    )
