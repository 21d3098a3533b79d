"""Proxy support."""

from .configuration import ProxyConfiguration

__all__ = ["ProxyConfiguration"]
