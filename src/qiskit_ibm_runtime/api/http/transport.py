"""Pooled connections that all clients of a service share."""

from __future__ import annotations

from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.poolmanager import ProxyManager

from .concurrency import reset_in_children
from .deadline import POOLS

# Pooled connections per host; further connections are closed after use.
_CONNECTIONS_PER_HOST = 32


class Transport(HTTPAdapter):
    """Transport adapter with request deadlines.

    Copies, unpickled objects and forked children start without connections, as two processes must
    not read responses from the same socket.
    """

    def __init__(self) -> None:
        super().__init__(pool_maxsize=_CONNECTIONS_PER_HOST)
        reset_in_children(self)

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)  # type: ignore[misc]
        reset_in_children(self)

    def __del__(self) -> None:
        if hasattr(self, "poolmanager"):
            self.close()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Set up the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Return the pools of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        # SOCKS proxies use their own connection classes, with socket timeouts only.
        if isinstance(manager, ProxyManager):
            manager.pool_classes_by_scheme = POOLS
        return manager

    def reset_after_fork(self) -> None:
        """Start with new pools in a forked child."""
        self.proxy_manager = {}
        self.init_poolmanager(
            self._pool_connections,  # type: ignore[attr-defined]
            self._pool_maxsize,  # type: ignore[attr-defined]
            block=self._pool_block,  # type: ignore[attr-defined]
        )
