"""Addresses of IBM that no longer serve, or no longer understand, this protocol."""

from __future__ import annotations

from urllib.parse import urlsplit

_PLATFORM = "quantum.cloud.ibm.com"

_WHAT_WORKS = (
    "What works: channel='local' runs jobs on this machine and needs no account, and `url` reaches "
    "any server that speaks the same protocol. IBM's platform of today takes V2 primitives only; "
    "this release cannot use it."
)
_QUANTUM = f"IBM switched the channel 'ibm_quantum' off in July 2025. {_WHAT_WORKS}"
_CLOUD = (
    "IBM has moved the channel 'ibm_cloud' to another address and protocol, and has refused V1 "
    f"jobs there since August 2024. {_WHAT_WORKS}"
)
# By host name; each stands for all names below it.
_EXPLANATIONS = {
    "quantum-computing.ibm.com": _QUANTUM,
    "quantum.ibm.com": _QUANTUM,
    "quantum-computing.cloud.ibm.com": _CLOUD,
    _PLATFORM: f"This is IBM's platform of today, with another protocol. {_WHAT_WORKS}",
}
# Channel of today's clients, as saved in the account file that they share with this package.
PLATFORM_CHANNEL = "ibm_quantum_platform"
PLATFORM_CHANNEL_UNUSABLE = (
    f"Channel {PLATFORM_CHANNEL!r} is that of IBM's newer clients. {_WHAT_WORKS}"
)
# With these the service itself is at fault, or the credentials: the address is not.
_NOT_OF_THE_ADDRESS = (401, 407, 429)


def is_platform(url: str) -> bool:
    """Return whether a URL belongs to IBM's platform of today."""
    return _domain(url) == _PLATFORM


def explain(url: str, status: int | None) -> str:
    """Return what became of an address where a request failed; empty if nothing is known of it.

    Args:
        url: The address.
        status: HTTP status of the answer; ``None`` if there was none.
    """
    domain = _domain(url)
    if domain is None:
        return ""
    gone = status is None or status in (404, 410) or status >= 500
    refused = status is not None and domain == _PLATFORM and status not in _NOT_OF_THE_ADDRESS
    return _EXPLANATIONS[domain] if gone or refused else ""


def _domain(url: str) -> str | None:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return None
    return next((name for name in _EXPLANATIONS if f".{host}".endswith(f".{name}")), None)
