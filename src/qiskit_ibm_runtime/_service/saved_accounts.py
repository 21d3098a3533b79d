"""The accounts on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.accounts import AccountManager, channel_of
from qiskit_ibm_runtime.proxies import ProxyConfiguration

if TYPE_CHECKING:
    from qiskit_ibm_runtime.accounts import AccountType, ChannelType


class SavedAccounts:
    """Save, list and delete accounts; nothing is sent."""

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
        """Save an account in a file that only you can read; nothing is sent.

        .. code-block:: python

            from qiskit_ibm_runtime import QiskitRuntimeService

            QiskitRuntimeService.save_account(channel="ibm_quantum", token="MY-TOKEN")

        Args:
            token: API token, or IBM Cloud API key.
            url: Address of the channel; IBM's own by default.
            instance: ``hub/group/project``; CRN or name of a service instance on ``ibm_cloud``.
            channel: ``QISKIT_IBM_CHANNEL`` by default, else ``ibm_cloud``.
            auth: Deprecated; ``"legacy"`` stands for ``"ibm_quantum"``, ``"cloud"`` for
                ``"ibm_cloud"``.
            filename: The file; ``~/.qiskit/qiskit-ibm.json`` by default.
            name: Name of the account; without one it becomes the default of its channel.
            proxies: As for the service.
            verify: Whether to check certificates.
            overwrite: Whether an account of that name may be replaced.

        Raises:
            AccountAlreadyExistsError: If there is one that may not be replaced.
            InvalidAccountError: If a field, or the account file, cannot be used.
            ValueError: If the proxies cannot be used.
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
        """List saved accounts; the file is not touched.

        Args:
            default: ``True`` for default accounts only, ``False`` for the others only.
            auth: Deprecated; see :meth:`save_account`.
            channel: Only accounts for this channel.
            filename: The file; ``~/.qiskit/qiskit-ibm.json`` by default.
            name: Only the account of this name.

        Returns:
            The fields of each account by its name, in the order of the file. The tokens are there;
            what is printed of the dict masks them.

        Raises:
            InvalidAccountError: If the file is damaged.
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
            filename: The file; ``~/.qiskit/qiskit-ibm.json`` by default.
            name: Name of the account; without one the default of the channel is meant.
            auth: Deprecated; see :meth:`save_account`.
            channel: ``ibm_cloud`` by default.

        Returns:
            Whether there was such an account.

        Raises:
            InvalidAccountError: If there is no such channel, or the file is damaged.
        """
        return AccountManager.delete(filename, name, channel_of(channel, auth))
