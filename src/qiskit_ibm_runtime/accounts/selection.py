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
    """Find or create the account for a service; sends no request.

    The first rule that applies determines the account:

    1. With ``name``, the saved account with that name.
    2. With ``channel`` (or ``auth``) and ``token``, a new account from the arguments.
    3. With ``channel`` (or ``auth``), the account of the environment, else the saved default.
    4. Otherwise, the same for the channel in ``QISKIT_IBM_CHANNEL``.

    ``instance``, ``proxies`` and ``verify`` override the settings of the account. The account is
    not validated, and names of service instances are not resolved.

    Args:
        channel: Channel of the account, one of
            :data:`~qiskit_ibm_runtime.accounts.validation.CHANNELS`.
        auth: Deprecated alternative to ``channel``: ``cloud`` or ``legacy``. ``channel`` takes
            precedence.
        token: IBM Cloud API key, or API token.
        url: URL of the channel.
        filename: The account file.
        name: Name of a saved account.
        instance: CRN or name of a service instance, or ``hub/group/project``.
        proxies: Fields of :class:`~qiskit_ibm_runtime.proxies.ProxyConfiguration`.
        verify: Whether to verify TLS certificates, or the path of a CA file to verify them with.

    Returns:
        The account; ``None`` for the embedded runtime, which is used on channel ``local`` if
        neither the arguments, nor the environment, nor a saved account name a server.

    Raises:
        ValueError: If ``channel`` or ``auth`` has an unknown value, or if ``token`` or ``url`` is
            given without a channel.
        TypeError: If ``proxies`` has an unknown field.
        AccountNotFoundError: If no account is found.
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
                "Loading the account %r%s; any 'auth', 'channel', 'token' or 'url' are ignored.",
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
    # A url or token for 'local' names an existing server. Validation reports a missing one of the
    # two; do not start an embedded runtime instead.
    if token or (channel == LOCAL_CHANNEL and url):
        return Account(channel=channel, token=token or "", url=url)
    if url:
        logger.warning("The argument 'url' is ignored, because it requires 'token'.")
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
        channel: The channel, which takes precedence over ``auth``.
        auth: ``cloud`` or ``legacy``. As in 0.9.3, other values mean ``ibm_cloud``; they now cause
            a warning.

    Returns:
        The channel, without validation; ``None`` if neither is given.
    """
    if not auth:
        return channel
    _warn_of_auth()
    if auth not in _CHANNEL_OF_AUTH and channel is None:
        warnings.warn(
            f"auth={auth!r} is neither 'cloud' nor 'legacy'; using channel 'ibm_cloud'.",
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
