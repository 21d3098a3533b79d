"""Methods of the service for managing saved accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.accounts import AccountManager, channel_of
from qiskit_ibm_runtime.proxies import ProxyConfiguration

if TYPE_CHECKING:
    from qiskit_ibm_runtime.accounts import AccountType, ChannelType


class SavedAccounts:
    """Methods for saving, listing and deleting accounts; they send no requests."""

    @staticmethod
    def save_account(
        token: str | None = None,
        url: str | None = None,
        instance: str | None = None,
        channel: ChannelType = None,
        auth: AccountType = None,
        filename: str | None = None,
        name: str | None = None,
        proxies: dict[str, Any] | None = None,
        verify: bool | str | None = None,
        overwrite: bool | None = False,
    ) -> None:
        """Save an account to a file that only you can read.

        .. code-block:: python

            from qiskit_ibm_runtime import QiskitRuntimeService

            QiskitRuntimeService.save_account(channel="ibm_quantum", token="MY-TOKEN")

        Args:
            token: API token, or IBM Cloud API key.
            url: URL of the service; IBM's own by default.
            instance: ``hub/group/project``; for ``ibm_cloud``, CRN or name of a service instance.
            channel: The channel; by default ``QISKIT_IBM_CHANNEL``, or else ``ibm_cloud``.
            auth: Deprecated; ``"legacy"`` means ``"ibm_quantum"``, and ``"cloud"`` means
                ``"ibm_cloud"``.
            filename: Account file; ``~/.qiskit/qiskit-ibm.json`` by default.
            name: Name of the account; without a name, it becomes the default of its channel.
            proxies: As for the service.
            verify: Whether to verify certificates.
            overwrite: Whether to replace an account with the same name.

        Raises:
            AccountAlreadyExistsError: If the account exists and ``overwrite`` is false.
            InvalidAccountError: If a field or the account file is invalid.
            ValueError: If the proxies are invalid.
        """
        AccountManager.save(
            token=token,
            url=url,
            instance=instance,
            channel=channel_of(channel, auth),
            filename=filename,
            name=name,
            proxies=ProxyConfiguration.from_dict(proxies) if proxies else None,
            verify=verify,
            overwrite=overwrite,
        )

    @staticmethod
    def saved_accounts(
        default: bool | None = None,
        auth: AccountType = None,
        channel: ChannelType = None,
        filename: str | None = None,
        name: str | None = None,
    ) -> dict[str, dict[str, Any]]:
        """List saved accounts, without modifying the file.

        Args:
            default: ``True`` for default accounts only, ``False`` for other accounts only.
            auth: Deprecated; see :meth:`save_account`.
            channel: Only accounts of this channel.
            filename: Account file; ``~/.qiskit/qiskit-ibm.json`` by default.
            name: Only the account with this name.

        Returns:
            The fields of each account by name, in the order of the file. The dicts contain the
            tokens, but their repr masks them.

        Raises:
            InvalidAccountError: If the file is malformed.
        """
        from qiskit_ibm_runtime._display.containers import AccountDict, AccountFields

        accounts = AccountManager.list(default, channel_of(channel, auth), filename, name)
        return AccountDict(
            (name, AccountFields(account.to_saved_format())) for name, account in accounts.items()
        )

    @staticmethod
    def delete_account(
        filename: str | None = None,
        name: str | None = None,
        auth: AccountType = None,
        channel: ChannelType = None,
    ) -> bool:
        """Delete a saved account.

        Args:
            filename: Account file; ``~/.qiskit/qiskit-ibm.json`` by default.
            name: Name of the account; the default account of the channel by default.
            auth: Deprecated; see :meth:`save_account`.
            channel: The channel; ``ibm_cloud`` by default.

        Returns:
            Whether the account existed.

        Raises:
            InvalidAccountError: If the channel is unknown, or the file is malformed.
        """
        return AccountManager.delete(filename, name, channel_of(channel, auth))
