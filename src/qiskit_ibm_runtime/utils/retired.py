"""Addresses of IBM that no longer serve, or no longer understand, this protocol."""

from __future__ import annotations

from urllib.parse import urlsplit

_PLATFORM = "quantum.cloud.ibm.com"

_WHAT_WORKS = (
    "What works: channel='ibm_quantum_platform' runs V1 programs on IBM's platform of today, with "
    "an API key of https://cloud.ibm.com/iam/apikeys as token (tokens of the old channel do not "
    "count there) and the CRN of a service instance as `instance`; channel='local' runs jobs on "
    "this machine and needs no account; `url` reaches any server that speaks the same protocol."
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
}
# Channel of today's clients, as saved in the account file that they share with this package.
PLATFORM_CHANNEL = "ibm_quantum_platform"


def is_platform(url: str) -> bool:
    """Return whether a URL belongs to IBM's platform of today."""
    return f".{_host(url)}".endswith(f".{_PLATFORM}")


def speaks_of_today(url: str) -> bool:
    """Return whether a URL is one under which the platform's protocol of today is spoken."""
    return is_platform(url) or urlsplit(url).path.rstrip("/").endswith("/api/v1")


def is_old(url: str) -> bool:
    """Return whether a URL belongs to a host of IBM that was switched off."""
    return _domain(url) is not None


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
    return _EXPLANATIONS[domain] if gone else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _domain(url: str) -> str | None:
    host = _host(url)
    return next((name for name in _EXPLANATIONS if f".{host}".endswith(f".{name}")), None)
