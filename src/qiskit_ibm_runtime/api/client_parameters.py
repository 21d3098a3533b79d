"""How to reach the service, and as whom."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from .auth import CloudAuth, QuantumAuth, TokenSource
from .connections import ConnectionPool

if TYPE_CHECKING:
    from qiskit_ibm_runtime.proxies import ProxyConfiguration

TEMPLATE_IBM_HUBS = "{prefix}/Network/{hub}/Groups/{group}/Projects/{project}"


class ClientParameters:
    """Everything a client of the service needs to know."""

    def __init__(
        self,
        channel: str,
        token: str,
        url: str | None = None,
        instance: str | None = None,
        proxies: ProxyConfiguration | None = None,
        verify: bool | str = True,
    ) -> None:
        self.channel = channel
        self.token = token
        self.url = url
        self.instance = instance
        self.proxies = proxies
        self.verify = verify
        self.token_source: TokenSource | None = None

    def get_auth_handler(self) -> CloudAuth | QuantumAuth:
        """Return what signs the requests of this channel."""
        if self.channel == "ibm_cloud":
            return CloudAuth(api_key=self.token, crn=self.instance or "")
        return QuantumAuth(self.token, self.token_source)

    @cached_property
    def pool(self) -> ConnectionPool:
        """Connections that all clients made from these parameters share."""
        return ConnectionPool()

    def get_runtime_api_base_url(self) -> str:
        """Return the address of the runtime."""
        from qiskit_ibm_runtime.utils.utils import get_runtime_api_base_url

        return get_runtime_api_base_url(self.url or "", self.instance or "")

    def connection_parameters(self) -> dict[str, Any]:
        """Return the arguments of a session that uses the proxy and the verification asked for."""
        params: dict[str, Any] = {"verify": self.verify}
        if self.proxies:
            params.update(self.proxies.to_request_params())
        return params
