"""Who you are to the service: accounts, the file that keeps them, and which one is used."""

from __future__ import annotations

from .account import Account, AccountType, ChannelType
from .exceptions import (
    AccountAlreadyExistsError,
    AccountNotFoundError,
    CloudResourceNameResolutionError,
    InvalidAccountError,
)
from .management import AccountManager
from .selection import choose_account
from .validation import LOCAL_CHANNEL

__all__ = [
    "LOCAL_CHANNEL",
    "Account",
    "AccountAlreadyExistsError",
    "AccountManager",
    "AccountNotFoundError",
    "AccountType",
    "ChannelType",
    "CloudResourceNameResolutionError",
    "InvalidAccountError",
    "choose_account",
]
