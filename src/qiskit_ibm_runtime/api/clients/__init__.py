"""Clients of the service, with one method per operation."""

from .auth import AuthClient
from .base import BaseClient, WebsocketClientCloseCode
from .runtime import RuntimeClient
from .runtime_ws import RuntimeWebsocketClient
from .version import VersionClient

__all__ = [
    "AuthClient",
    "BaseClient",
    "RuntimeClient",
    "RuntimeWebsocketClient",
    "VersionClient",
    "WebsocketClientCloseCode",
]
