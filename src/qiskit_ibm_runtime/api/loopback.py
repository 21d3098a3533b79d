"""Addresses of this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str | None) -> bool:
    """Return whether a host name or IP address is a loopback address."""
    if not host:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def leads_to_loopback(url: str) -> bool:
    """Return whether a URL points to this machine; such requests bypass proxies."""
    try:
        return is_loopback(urlsplit(url).hostname)
    except ValueError:
        return False
