"""Choice of an account from the arguments of the service."""

from __future__ import annotations

import logging
import os
import warnings
from typing import Any

from qiskit_ibm_runtime.proxies import ProxyConfiguration
from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel, issue_deprecation_msg

from .account import Account, ChannelType
from .exceptions import AccountNotFoundError
from .management import AccountManager
from .validation import CHANNELS, LOCAL_CHANNEL

logger = logging.getLogger(__name__)

_CHANNEL_OF_AUTH: dict[str, ChannelType] = {"cloud": "ibm_cloud", "legacy": "ibm_quantum"}


def choose_account(
    channel: ChannelType | None = None,
    auth: str | None = None,
    token: str | None = None,
    url: str | None = None,
    filename: str | None = None,
    name: str | None = None,
    instance: str | None = None,
    proxies: dict[str, Any] | None = None,
    verify: bool | str | None = None,
) -> Account | None:
    """Find or create the account for a service, without any request.

    The first rule that applies decides:

    1. ``name``: the saved account of that name.
    2. ``channel`` (or ``auth``) with ``token``: an account made of the arguments alone.
    3. ``channel`` (or ``auth``): the account of the environment, else the saved default.
    4. nothing: the same, for the channel that ``QISKIT_IBM_CHANNEL`` prefers.

    ``instance``, ``proxies`` and ``verify`` then replace what the account says. Names of service
    instances are not resolved yet and the account is not validated.

    Args:
        channel: ``ibm_cloud``, ``ibm_quantum`` or ``local``.
        auth: The old way to choose a channel: ``cloud`` or ``legacy``; ``channel`` wins.
        token: IBM Cloud API key, or API token.
        url: Address of the channel.
        filename: The account file.
        name: Name of a saved account.
        instance: CRN or name of a service instance, or ``hub/group/project``.
        proxies: Fields of :class:`~qiskit_ibm_runtime.proxies.ProxyConfiguration`.
        verify: Whether to check certificates, or the file of the authority.

    Returns:
        The account; ``None`` if channel ``local`` is meant and no server is named for it, neither
        by arguments nor by the environment nor by a saved account: the embedded runtime is.

    Raises:
        ValueError: If ``channel`` or ``auth`` has an unknown value, or is missing beside ``token``
            or ``url``.
        TypeError: If ``proxies`` has an unknown field.
        AccountNotFoundError: If there is no account.
        InvalidAccountError: If the account file is damaged.
    """
    account = _find(channel, auth, token, url, filename, name)
    if account is None:
        return None
    if instance is not None:
        account.instance = instance
    if proxies:
        account.proxies = ProxyConfiguration.from_dict(proxies)
    if verify is not None:
        account.verify = verify
    return account


def _find(
    channel: ChannelType | None,
    auth: str | None,
    token: str | None,
    url: str | None,
    filename: str | None,
    name: str | None,
) -> Account | None:
    if name:
        if auth:
            _warn_of_auth()
        if auth or channel or token or url:
            logger.warning(
                "The account %r is loaded%s: any 'auth', 'channel', 'token' or 'url' are ignored.",
                name,
                f" from {filename}" if filename else "",
            )
        return AccountManager.get(filename=filename, name=name)
    if auth and auth not in _CHANNEL_OF_AUTH:
        raise ValueError(f"'auth' can only be 'cloud' or 'legacy', not {auth!r}.")
    channel = channel_of(channel, auth)
    if channel:
        if channel not in CHANNELS:
            known = ", ".join(map(repr, CHANNELS))
            raise ValueError(f"'channel' can only be {known}, not {channel!r}.")
        return _of_channel(channel, token, url, filename)
    if token or url:
        raise ValueError("'channel' is required when 'token' or 'url' is given without 'name'.")
    return _saved_or_embedded(None, filename)


def _of_channel(
    channel: ChannelType, token: str | None, url: str | None, filename: str | None
) -> Account | None:
    # A local server is meant by its url and token together; half of them is an error that
    # validation explains, not a reason to start another server.
    if token or (channel == LOCAL_CHANNEL and url):
        return Account(channel=channel, token=token or "", url=url)
    if url:
        logger.warning("The argument 'url' is ignored: it counts only together with 'token'.")
    return _saved_or_embedded(channel, filename)


def _saved_or_embedded(channel: ChannelType | None, filename: str | None) -> Account | None:
    local = (channel or os.getenv("QISKIT_IBM_CHANNEL")) == LOCAL_CHANNEL
    try:
        return AccountManager.get(filename=filename, channel="local" if local else channel)
    except AccountNotFoundError:
        if local:
            return None
        raise


def channel_of(channel: ChannelType, auth: str | None) -> ChannelType:
    """Return the channel given by ``channel`` or by the deprecated ``auth``.

    Args:
        channel: ``ibm_cloud``, ``ibm_quantum`` or ``local``; it wins.
        auth: ``cloud`` or ``legacy``. Other values mean ``ibm_cloud``, with a warning: accounts
            were saved, listed and deleted so in 0.9.3.

    Returns:
        The channel, unchecked; ``None`` if neither is given.
    """
    if not auth:
        return channel
    _warn_of_auth()
    if auth not in _CHANNEL_OF_AUTH and channel is None:
        warnings.warn(
            f"auth={auth!r} is neither 'cloud' nor 'legacy'; channel 'ibm_cloud' is used.",
            UserWarning,
            stacklevel=caller_stacklevel(),
        )
    return channel if channel is not None else _CHANNEL_OF_AUTH.get(auth, "ibm_cloud")


def _warn_of_auth() -> None:
    issue_deprecation_msg(
        "The `auth` parameter is deprecated",
        "0.6",
        "Use channel='ibm_cloud' instead of auth='cloud', "
        "and channel='ibm_quantum' instead of auth='legacy'.",
        stacklevel=caller_stacklevel(),
    )
