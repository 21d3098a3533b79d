"""Connection parameters of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.utils.addresses import get_runtime_api_base_url

from .auth import BearerAuth, CloudAuth, ProxyNtlm, QuantumAuth, TokenSource, WithProxy
from .http.settings import HttpSettings
from .http.transport import Transport

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

    from qiskit_ibm_runtime.proxies import ProxyConfiguration

TEMPLATE_IBM_HUBS = "{prefix}/Network/{hub}/Groups/{group}/Projects/{project}"


class ClientParameters:
    """Parameters with which a client reaches the service.

    Sessions opened with :meth:`session_parameters` of one object share their connections.

    .. code-block:: python

        from qiskit_ibm_runtime.api.client_parameters import ClientParameters
        from qiskit_ibm_runtime.api.session import RetrySession

        crn = "crn:v1:bluemix:public:quantum-computing:us-east:a/account:instance::"
        params = ClientParameters("ibm_cloud", "API-KEY", "https://cloud.ibm.com", crn)
        auth = params.get_auth_handler()
        session = RetrySession(
            params.get_runtime_api_base_url(), **params.session_parameters(auth)
        )

    Attributes:
        token_source: Source of fresh tokens; ``None`` if ``token`` does not expire.
        http: HTTP settings of the user.
        transport: Adapter with the pooled connections.
    """

    def __init__(
        self,
        channel: str,
        token: str,
        url: str | None = None,
        instance: str | None = None,
        proxies: ProxyConfiguration | None = None,
        verify: bool | str = True,
        *,
        http: HttpSettings | None = None,
    ) -> None:
        self.channel = channel
        self.token = token
        self.url = url
        self.instance = instance
        self.proxies = proxies
        self.verify = verify
        self.token_source: TokenSource | None = None
        self.http = http or HttpSettings()
        self.transport: BaseAdapter = self.http.transport or Transport()

    def get_auth_handler(self) -> CloudAuth | QuantumAuth | BearerAuth:
        """Return the auth handler of the channel."""
        if self.channel != "ibm_cloud":
            return QuantumAuth(self.token, self.token_source)
        if self.token_source is not None:
            return BearerAuth(self.token_source, self.instance or "")
        return CloudAuth(api_key=self.token, crn=self.instance or "")

    def get_runtime_api_base_url(self) -> str:
        """Return the base URL of the runtime."""
        return get_runtime_api_base_url(self.url or "", self.instance or "")

    def connection_parameters(self) -> dict[str, Any]:
        """Return verification, proxies and NTLM credentials as arguments of ``requests``."""
        params: dict[str, Any] = {"verify": self.verify}
        if self.proxies:
            params.update(self.proxies.to_request_params())
        return params

    def session_parameters(self, auth: Any = None) -> dict[str, Any]:
        """Return the arguments of a :class:`~.session.RetrySession` other than its base URL.

        Args:
            auth: Auth handler for the service; credentials of the proxy are added to it.
        """
        params = self.connection_parameters()
        ntlm = params.pop("auth", None)
        if ntlm is not None:
            auth = WithProxy(auth, ProxyNtlm(ntlm))
        chosen = {"adapter": self.transport, **self.http.session_parameters()}
        return {**params, "auth": auth, **chosen}

    def close(self) -> None:
        """Close the connections; later requests open new ones. A user's transport stays open."""
        if self.http.transport is None:
            self.transport.close()
