"""IBM hosts that were retired or no longer support the V1 API, and errors that explain this."""

from __future__ import annotations

from urllib.parse import urlsplit

_PLATFORM = "quantum.cloud.ibm.com"

_ALTERNATIVES = (
    "Alternatives: channel='ibm_quantum_platform' runs V1 programs on IBM Quantum Platform, with "
    "an API key from https://cloud.ibm.com/iam/apikeys as token (tokens of the retired channel do "
    "not work) and the CRN of a service instance as `instance`; channel='local' runs jobs on this "
    "machine without an account; `url` connects to any server with the same API."
)
_QUANTUM = f"IBM retired the channel 'ibm_quantum' in July 2025. {_ALTERNATIVES}"
_CLOUD = (
    "IBM moved the channel 'ibm_cloud' to another URL and API, and stopped accepting V1 jobs "
    f"there in August 2024. {_ALTERNATIVES}"
)
# Keyed by host name; subdomains are included.
_EXPLANATIONS = {
    "quantum-computing.ibm.com": _QUANTUM,
    "quantum.ibm.com": _QUANTUM,
    "quantum-computing.cloud.ibm.com": _CLOUD,
}
# Channel of IBM's current clients, which share their account file with this package.
PLATFORM_CHANNEL = "ibm_quantum_platform"


def is_platform(url: str) -> bool:
    """Return whether a URL belongs to IBM Quantum Platform."""
    return f".{_host(url)}".endswith(f".{_PLATFORM}")


def speaks_of_today(url: str) -> bool:
    """Return whether a URL serves the current platform API."""
    return is_platform(url) or urlsplit(url).path.rstrip("/").endswith("/api/v1")


def is_old(url: str) -> bool:
    """Return whether a URL belongs to a retired IBM host."""
    return _domain(url) is not None


def explain(url: str, status: int | None) -> str:
    """Explain why a request to a retired host failed; empty for other hosts.

    Args:
        url: URL of the request.
        status: HTTP status of the response; ``None`` if there was none.
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
