"""Management of saved accounts, and lookup of the account to use."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.utils.retired import PLATFORM_CHANNEL

from . import storage
from .account import Account, ChannelType
from .exceptions import AccountNotFoundError, InvalidAccountError
from .old_formats import account_from_section, migrated, needs_migration
from .validation import CHANNELS, CLOUD_CHANNELS, LOCAL_CHANNEL, check_channel

if TYPE_CHECKING:
    from qiskit_ibm_runtime.proxies import ProxyConfiguration

logger = logging.getLogger(__name__)

# Looked up at each call, as tests and users replace the two paths.
_DEFAULT_ACCOUNT_CONFIG_JSON_FILE = str(Path("~/.qiskit/qiskit-ibm.json").expanduser())
_QISKITRC_CONFIG_FILE = str(Path("~/.qiskit/qiskitrc").expanduser())
_DEFAULT_ACCOUNT_NAME = "default"
_DEFAULT_ACCOUNT_NAME_LEGACY = "default-legacy"
_DEFAULT_ACCOUNT_NAME_CLOUD = "default-cloud"
_DEFAULT_ACCOUNT_NAME_IBM_QUANTUM = "default-ibm-quantum"
_DEFAULT_ACCOUNT_NAME_IBM_CLOUD = "default-ibm-cloud"
_DEFAULT_ACCOUNT_NAME_LOCAL = "default-local"
_DEFAULT_ACCOUNT_NAMES: dict[str | None, str] = {
    "ibm_cloud": _DEFAULT_ACCOUNT_NAME_IBM_CLOUD,
    "ibm_quantum": _DEFAULT_ACCOUNT_NAME_IBM_QUANTUM,
    LOCAL_CHANNEL: _DEFAULT_ACCOUNT_NAME_LOCAL,
    PLATFORM_CHANNEL: "default-ibm-quantum-platform",
}
# Field by which newer clients mark the default account, whatever its name.
_DEFAULT_MARK = "is_default_account"
_DEFAULT_CHANNEL_TYPE: ChannelType = "ibm_cloud"
_CHANNEL_TYPES: list[ChannelType] = ["ibm_cloud", "ibm_quantum"]


class AccountManager:
    """Saves, lists, finds and deletes accounts.

    Every method takes a ``filename``, which defaults to ``~/.qiskit/qiskit-ibm.json``.

    .. code-block:: python

        from qiskit_ibm_runtime.accounts import AccountManager

        AccountManager.save("TOKEN", channel="ibm_quantum", name="mine", filename="accounts.json")
        AccountManager.get(filename="accounts.json", name="mine")
    """

    @classmethod
    def save(
        cls,
        token: str | None = None,
        url: str | None = None,
        instance: str | None = None,
        channel: ChannelType | None = None,
        filename: str | None = None,
        name: str | None = _DEFAULT_ACCOUNT_NAME,
        proxies: ProxyConfiguration | None = None,
        verify: bool | str | None = None,
        overwrite: bool | None = False,
    ) -> None:
        """Validate and save an account; sends no request.

        Args:
            token: IBM Cloud API key, or API token.
            url: URL of the channel; IBM's URL by default.
            instance: CRN or name of a service instance, or ``hub/group/project``.
            channel: Channel; by default that of ``QISKIT_IBM_CHANNEL``, else ``ibm_cloud``.
            filename: The account file.
            name: Name of the account; ``None`` makes it the default account of its channel.
            proxies: Proxies for requests of the account.
            verify: Whether to verify TLS certificates, or the path of a CA file to verify them
                with.
            overwrite: Whether to replace an existing account with the same name.

        Raises:
            AccountAlreadyExistsError: If the account exists and ``overwrite`` is false.
            InvalidAccountError: If a field or the account file is invalid.
            ValueError: If the proxies are invalid.
        """
        if name and not isinstance(name, str):
            raise InvalidAccountError(f"Invalid `name` value. Expected a string, got {name!r}.")
        channel = channel or _environment_channel() or _DEFAULT_CHANNEL_TYPE
        account = Account(
            channel=channel,
            token=token,  # type: ignore[arg-type]  # validate() refuses None
            url=url,
            instance=instance,
            proxies=proxies,
            verify=verify,
        ).validate()
        cls.migrate(filename)
        storage.save_config(
            filename=_file(filename),
            name=name or _default_name(channel),
            config=account.to_saved_format(),
            overwrite=bool(overwrite),
        )

    @staticmethod
    def list(
        default: bool | None = None,
        channel: ChannelType | None = None,
        filename: str | None = None,
        name: str | None = None,
    ) -> dict[str, Account]:
        """Return saved accounts by name, in file order.

        Args:
            default: ``True`` for only default accounts, ``False`` for only other accounts.
            channel: Channel of the accounts; all channels by default.
            filename: The account file.
            name: Name of the account; all accounts by default.

        Raises:
            InvalidAccountError: If the account file is damaged.
        """
        AccountManager.migrate(filename)
        content = _content(filename)
        defaults = {*_default_names(), *_marked(content)}
        return {
            entry: account
            for entry, account in _accounts(content).items()
            if (channel is None or account.channel == channel)
            and (name is None or entry == name)
            and (default is None or (entry in defaults) == (default is not False))
        }

    @classmethod
    def get(
        cls,
        filename: str | None = None,
        name: str | None = None,
        channel: ChannelType | None = None,
    ) -> Account:
        """Find the account to use.

        With ``name``, this is the account with that name. Otherwise, it is the first that exists of

        1. the account of the environment (``QISKIT_IBM_TOKEN``),
        2. the saved default account of ``channel``; if that is not given, of
           ``QISKIT_IBM_CHANNEL``, ``ibm_cloud`` or ``ibm_quantum``,
        3. the account that a newer client marked as the default,
        4. the account of an old ``qiskitrc`` file, for channel ``ibm_quantum`` only.

        Args:
            filename: The account file.
            name: Name of a saved account.
            channel: Channel of the account.

        Raises:
            AccountNotFoundError: If no account is found.
            InvalidAccountError: If the account file is damaged, or ``QISKIT_IBM_CHANNEL`` is not a
                channel.
        """
        cls.migrate(filename)
        if name:
            return _named(filename, name)
        account = (
            cls._from_environment(channel)
            or cls._saved_default(filename, channel)
            or _marked_default(filename, channel)
        )
        if account is None and channel in (None, "ibm_quantum"):
            account = _from_qiskitrc()
        if account is None and channel is None:
            account = _entry(filename, _default_name(PLATFORM_CHANNEL))
        if account is None:
            raise AccountNotFoundError(_nothing_found(filename, channel))
        return account

    @classmethod
    def delete(
        cls,
        filename: str | None = None,
        name: str | None = None,
        channel: ChannelType | None = None,
    ) -> bool:
        """Delete a saved account.

        Args:
            filename: The account file.
            name: Name of the account; by default the default account of ``channel``.
            channel: Channel of the default account; ``ibm_cloud`` by default.

        Returns:
            Whether the account existed.

        Raises:
            InvalidAccountError: If the channel is unknown, or the account file is damaged.
        """
        if channel:
            check_channel(channel)
        cls.migrate(filename)
        return storage.delete_config(_file(filename), name or _default_name(channel or None))

    @classmethod
    def migrate(cls, filename: str | None = None) -> None:
        """Convert accounts saved by releases before 0.3 to the current format.

        Args:
            filename: The account file.

        Raises:
            InvalidAccountError: If the account file is damaged.
        """
        if not needs_migration(storage.read_config(_file(filename))):
            return
        try:
            storage.change(_file(filename), migrated)
        except OSError as exc:
            # Accounts in a read-only home directory must remain readable.
            logger.debug("Could not migrate the accounts in %s: %s", filename, exc.strerror)

    @classmethod
    def _from_environment(cls, channel: ChannelType | None) -> Account | None:
        token, url = os.getenv("QISKIT_IBM_TOKEN"), os.getenv("QISKIT_IBM_URL")
        of_environment = _environment_channel()
        channel = channel or of_environment or _DEFAULT_CHANNEL_TYPE
        if not token:
            return None
        if channel == LOCAL_CHANNEL and not (of_environment == LOCAL_CHANNEL and url):
            # Otherwise, the token belongs to another channel, and must not reach a local server.
            return None
        if channel == PLATFORM_CHANNEL and of_environment not in (None, *CLOUD_CHANNELS):
            return None  # do not send a token of an old channel to the platform
        return Account(
            channel=channel, token=token, url=url, instance=os.getenv("QISKIT_IBM_INSTANCE") or None
        )

    @classmethod
    def _saved_default(cls, filename: str | None, channel: ChannelType | None) -> Account | None:
        if channel:
            return _entry(filename, _default_name(channel))
        preferred = _environment_channel()
        for candidate in dict.fromkeys([preferred or _DEFAULT_CHANNEL_TYPE, *_CHANNEL_TYPES]):
            account = _entry(filename, _default_name(candidate))
            if account is not None:
                if preferred not in (None, candidate):
                    logger.warning(
                        "QISKIT_IBM_CHANNEL is %r, but no default account is saved for it. "
                        "Using the default account for %r.",
                        preferred,
                        candidate,
                    )
                return account
        return None


def _file(filename: str | None) -> str:
    return filename or _DEFAULT_ACCOUNT_CONFIG_JSON_FILE


def _content(filename: str | None) -> dict[str, Any]:
    """Return the content of the file in the current format, even if the file is read-only."""
    content: dict[str, Any] = storage.read_config(_file(filename))
    return migrated(content) if needs_migration(content) else content


def _accounts(content: dict[str, Any]) -> dict[str, Account]:
    """Return the entries that are accounts; newer releases may store other entries."""
    accounts = {}
    for name, entry in content.items():
        if isinstance(entry, dict):
            try:
                accounts[name] = Account.from_saved_format(entry)
            except InvalidAccountError as exc:
                logger.warning("Skipping the saved account %r: %s", name, exc.message)
    return accounts


def _entry(filename: str | None, name: str) -> Account | None:
    entry = _content(filename).get(name)
    if not entry:
        return None
    if not isinstance(entry, dict):
        raise InvalidAccountError(
            f"The entry {name!r} in {_file(filename)} is not an account: expected an object."
        )
    return Account.from_saved_format(entry)


def _named(filename: str | None, name: str) -> Account:
    account = _entry(filename, name)
    if account is None:
        saved = ", ".join(map(repr, _accounts(_content(filename)))) or "none"
        raise AccountNotFoundError(
            f"Account with the name {name!r} does not exist in {_file(filename)}. "
            f"Saved accounts: {saved}."
        )
    return account


def _nothing_found(filename: str | None, channel: str | None) -> str:
    what = f"No default {channel} account found" if channel else "Unable to find account"
    saved = ", ".join(
        f"{name!r} for {account.channel!r}"
        for name, account in _accounts(_content(filename)).items()
    )
    return (
        f"{what} in {_file(filename)} or the environment. Saved accounts: {saved or 'none'}. "
        "Save an account with QiskitRuntimeService.save_account(), or set QISKIT_IBM_TOKEN; "
        "channel='local' needs no account."
    )


def _default_names() -> set[str]:
    return {_DEFAULT_ACCOUNT_NAME, *_DEFAULT_ACCOUNT_NAMES.values()}


def _default_name(channel: str | None) -> str:
    return _DEFAULT_ACCOUNT_NAMES.get(channel, _DEFAULT_ACCOUNT_NAME_IBM_CLOUD)


def _marked(content: dict[str, Any]) -> dict[str, Any]:
    """Return the entries that a newer client marked as the default."""
    return {
        name: entry
        for name, entry in content.items()
        if isinstance(entry, dict) and entry.get(_DEFAULT_MARK) is True
    }


def _marked_default(filename: str | None, channel: str | None) -> Account | None:
    """Return the account marked as the default, if it is for the channel.

    Accounts for ``local`` are skipped: that channel of newer clients has no server.
    """
    for account in _accounts(_marked(_content(filename))).values():
        if account.channel != LOCAL_CHANNEL and channel in (None, account.channel):
            return account
    return None


def _environment_channel() -> Any:
    channel = os.getenv("QISKIT_IBM_CHANNEL") or None
    if channel is not None and channel not in CHANNELS:
        raise InvalidAccountError(
            f"Invalid `channel` value {channel!r} in the variable QISKIT_IBM_CHANNEL. "
            f"Expected one of {', '.join(map(repr, CHANNELS))}."
        )
    return channel


def _from_qiskitrc() -> Account | None:
    """Import the account of qiskit-ibmq-provider; save it unless a default account exists."""
    account = account_from_section(storage.read_qiskitrc(_QISKITRC_CONFIG_FILE))
    if account is None:
        return None
    account.validate()
    try:
        storage.change(
            _DEFAULT_ACCOUNT_CONFIG_JSON_FILE,
            lambda content: {
                _DEFAULT_ACCOUNT_NAME_IBM_QUANTUM: account.to_saved_format(),
                **content,
            },
        )
    except (OSError, InvalidAccountError) as exc:
        logger.debug("Could not save the account of %s: %s", _QISKITRC_CONFIG_FILE, exc)
    return account
