"""What can be wrong with an account."""

from __future__ import annotations

from qiskit_ibm_runtime.exceptions import IBMAccountError, IBMInputValueError


class AccountsError(IBMAccountError):
    """Base of the errors about accounts and the file that keeps them."""


class InvalidAccountError(AccountsError, IBMInputValueError):
    """An account, or the file that keeps it, has a content that cannot be used."""


class AccountNotFoundError(AccountsError):
    """There is no such account."""


class AccountAlreadyExistsError(AccountsError):
    """An account of that name is saved already."""


class CloudResourceNameResolutionError(AccountsError):
    """The name of a service instance does not stand for exactly one CRN."""
