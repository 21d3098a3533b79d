"""How to reach the service through a proxy."""

from .configuration import ProxyConfiguration

__all__ = ["ProxyConfiguration"]
