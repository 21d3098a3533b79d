"""Accounts: credentials, the account file, and the choice of an account."""

from __future__ import annotations

from .account import Account, AccountType, ChannelType
from .exceptions import (
    AccountAlreadyExistsError,
    AccountNotFoundError,
    CloudResourceNameResolutionError,
    InvalidAccountError,
)
from .identity import AccountIdentity
from .management import AccountManager
from .selection import channel_of, choose_account
from .validation import LOCAL_CHANNEL

__all__ = [
    "LOCAL_CHANNEL",
    "Account",
    "AccountAlreadyExistsError",
    "AccountIdentity",
    "AccountManager",
    "AccountNotFoundError",
    "AccountType",
    "ChannelType",
    "CloudResourceNameResolutionError",
    "InvalidAccountError",
    "channel_of",
    "choose_account",
]
