"""Errors about accounts."""

from __future__ import annotations

from qiskit_ibm_runtime.exceptions import IBMAccountError, IBMInputValueError


class AccountsError(IBMAccountError):
    """Base class of errors about accounts and the account file."""


class InvalidAccountError(AccountsError, IBMInputValueError):
    """An account or the account file is invalid."""


class AccountNotFoundError(AccountsError):
    """The account does not exist."""


class AccountAlreadyExistsError(AccountsError):
    """An account with this name is already saved."""


class CloudResourceNameResolutionError(AccountsError):
    """The name of a service instance does not resolve to exactly one CRN."""
