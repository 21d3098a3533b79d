"""One account: credentials for a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Optional

from qiskit_ibm_runtime.api.http.redaction import redact
from qiskit_ibm_runtime.proxies import ProxyConfiguration
from qiskit_ibm_runtime.utils.addresses import is_crn
from qiskit_ibm_runtime.utils.retired import PLATFORM_CHANNEL, speaks_of_today
from qiskit_ibm_runtime.utils.utils import instance_names, resolve_crn

from .exceptions import CloudResourceNameResolutionError, InvalidAccountError
from .validation import (
    LOCAL_CHANNEL,
    check_channel,
    check_instance,
    check_token,
    check_url,
)

if TYPE_CHECKING:
    from qiskit_ibm_runtime.api.auth import CloudAuth, QuantumAuth
    from qiskit_ibm_runtime.api.http.settings import HttpSettings

AccountType = Optional[Literal["cloud", "legacy"]]
ChannelType = Optional[Literal["ibm_cloud", "ibm_quantum", "ibm_quantum_platform", "local"]]

IBM_QUANTUM_API_URL = "https://auth.quantum-computing.ibm.com/api"
IBM_CLOUD_API_URL = "https://cloud.ibm.com"
_PREFERENCES = ("is_default_account", "plans_preference", "private_endpoint", "region", "tags")


class Account:
    """Credentials and connection settings for one channel.

    Creating an account neither validates it nor sends a request; see :meth:`validate` and
    :meth:`resolve_crn`.

    .. code-block:: python

        from qiskit_ibm_runtime.accounts import Account

        account = Account("ibm_quantum", "MY-TOKEN", instance="ibm-q/open/main")
        account.validate()
    """

    def __init__(
        self,
        channel: ChannelType,
        token: str,
        url: str | None = None,
        instance: str | None = None,
        proxies: ProxyConfiguration | None = None,
        verify: bool | str | None = True,
    ) -> None:
        """Create an account without validating it.

        Args:
            channel: ``ibm_quantum_platform``, ``ibm_cloud``, ``ibm_quantum`` or ``local``.
            token: IBM Cloud API key, or API token.
            url: URL of the channel; IBM's URL by default, except for ``local``.
            instance: CRN or name of a service instance for ``ibm_quantum_platform`` and
                ``ibm_cloud``, optional for the former; otherwise ``hub/group/project``, or ``None``
                for the account's default.
            proxies: Proxies for requests of the account.
            verify: Whether to verify TLS certificates, or the path of a CA file to verify them
                with.
        """
        self.channel = channel
        self.token = token
        self.url = url or _default_url(channel)
        self.instance = instance
        self.proxies = proxies
        self.verify = verify
        # Fields that newer clients save, such as preferred instances and networks.
        self.preferences: dict[str, Any] = {}

    @property
    def is_of_platform(self) -> bool:
        """Whether the account uses today's IBM Quantum Platform, not the protocol of 2023."""
        return self.channel == PLATFORM_CHANNEL or (
            self.channel == "ibm_cloud" and speaks_of_today(str(self.url))
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Account):
            return False
        return vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # the fields can change

    def __repr__(self) -> str:
        # Keep token, CRN and passwords, including one in the URL, out of logs and tracebacks.
        proxies = "..." if self.proxies else None
        return redact(
            f"Account(channel={self.channel!r}, token='...', url={self.url!r}, "
            f"instance={self.instance!r}, proxies={proxies}, verify={self.verify!r})"
        )

    def to_saved_format(self) -> dict[str, Any]:
        """Return the set fields in the format of the account file, including the token."""
        fields = {
            key: value
            for key, value in {**vars(self), **self.preferences}.items()
            if value is not None and key != "preferences"
        }
        if self.proxies is not None:
            fields["proxies"] = self.proxies.to_dict()
        return fields

    @classmethod
    def from_saved_format(cls, data: dict[str, Any]) -> Account:
        """Create an account from an entry of the account file; unknown fields are ignored.

        Raises:
            InvalidAccountError: If the proxies have an invalid format.
        """
        account = cls(
            channel=data.get("channel"),
            token=data.get("token"),  # type: ignore[arg-type]  # validate() refuses None
            url=data.get("url"),
            instance=data.get("instance"),
            proxies=_saved_proxies(data.get("proxies")),
            verify=data.get("verify", True),
        )
        account.preferences = {name: data[name] for name in _PREFERENCES if name in data}
        return account

    @property
    def certificates(self) -> bool | str:
        """Whether to verify TLS certificates, or the path of the CA file to verify them with.

        ``verify`` may be any truthy or falsy value, as in 0.9.3; ``None`` means ``True``.
        """
        if self.verify is None or isinstance(self.verify, str):
            return True if self.verify is None else self.verify
        return bool(self.verify)

    def get_auth_handler(self) -> CloudAuth | QuantumAuth:
        """Return the auth handler that sets the credential headers."""
        from qiskit_ibm_runtime.api.auth import CloudAuth, QuantumAuth

        if self.channel == "ibm_cloud":
            return CloudAuth(api_key=self.token, crn=self.instance or "")
        return QuantumAuth(access_token=self.token)

    def resolve_crn(self, http: HttpSettings | None = None) -> None:
        """Resolve the name of a cloud service instance to its CRN with a request to the cloud.

        CRNs and the instances of other channels remain unchanged, without a request.

        Args:
            http: HTTP settings of the requests.

        Raises:
            InvalidAccountError: If the account is incomplete; no request is sent.
            CloudResourceNameResolutionError: If no instance or several instances have the name;
                the message lists the existing instances.
            IBMNotAuthorizedError: If the API key is refused.
            RequestsApiError: If a request fails otherwise.
        """
        if self.channel != "ibm_cloud" or is_crn(self.instance) or self.is_of_platform:
            return
        self.validate()
        name, url = str(self.instance), str(self.url)
        how: dict[str, Any] = {"proxies": self.proxies, "verify": self.certificates, "http": http}
        crns = resolve_crn("ibm_cloud", url, name, self.token, **how)
        if not crns:
            others = instance_names(url, self.token, **how)
            raise CloudResourceNameResolutionError(
                f"Failed to resolve CRN: the account has no Qiskit Runtime service instance named "
                f"{name!r}. It has: {', '.join(map(repr, others)) or 'none at all'}."
            )
        if len(crns) > 1:
            raise CloudResourceNameResolutionError(
                f"Failed to resolve CRN: several service instances are named {name!r}. "
                f"Give one of their CRNs instead: {', '.join(crns)}."
            )
        self.instance = crns[0]

    def validate(self) -> Account:
        """Validate all fields without sending a request.

        Returns:
            The account itself.

        Raises:
            InvalidAccountError: If a field is invalid.
            ValueError: If the proxies are invalid.
        """
        check_channel(self.channel)
        check_token(self.token)
        check_url(self.url, str(self.channel))
        check_instance(
            self.instance, PLATFORM_CHANNEL if self.is_of_platform else str(self.channel)
        )
        if self.proxies:
            self.proxies.validate()
        return self


def _default_url(channel: str | None) -> str | None:
    if channel == LOCAL_CHANNEL:
        return None
    return IBM_QUANTUM_API_URL if channel == "ibm_quantum" else IBM_CLOUD_API_URL


def _saved_proxies(fields: Any) -> ProxyConfiguration | None:
    if not fields:
        return None
    try:
        return ProxyConfiguration.from_dict(fields)
    except TypeError:
        raise InvalidAccountError(
            "The `proxies` of a saved account are invalid: expected an object with 'urls', "
            "'username_ntlm' and 'password_ntlm'."
        ) from None
