"""Identity of an account without its secrets, for pickles."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .exceptions import AccountNotFoundError
from .management import AccountManager
from .validation import LOCAL_CHANNEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .account import Account


@dataclass(frozen=True)
class AccountIdentity:
    """Identifies an account by its settings and a fingerprint of its token.

    Attributes:
        channel: Channel of the account.
        url: URL of the account.
        instance: Instance of the account.
        fingerprint: Digest of the token, which does not reveal the token.
        filename: Account file to search; ``None`` for the default file.
    """

    channel: str | None
    url: str | None
    instance: str | None
    fingerprint: str
    filename: str | None = None

    @classmethod
    def of(cls, account: Account, filename: str | None = None) -> AccountIdentity:
        """Return the identity of an account."""
        digest = _fingerprint(account.token)
        return cls(account.channel, account.url, account.instance, digest, filename)

    def find(self) -> Account:
        """Find the account, with its token, in the environment or account file of this machine.

        Raises:
            AccountNotFoundError: If this machine has no such account.
        """
        for account in self._known_here():
            # Compare the URL too, so that a token is sent only to the URL of its own account.
            same_place = (account.channel, account.url) == (self.channel, self.url)
            if same_place and _fingerprint(account.token) == self.fingerprint:
                account.instance = self.instance
                return account
        if self.channel == LOCAL_CHANNEL:
            raise AccountNotFoundError(
                f"Unable to find account for the local server {self.url}: an embedded runtime ends "
                "with the process that started it. To share a server between processes, start it "
                "separately, and save its url and token as an account for channel 'local'."
            )
        raise AccountNotFoundError(
            f"Unable to find account for {self.url} on channel {self.channel!r}: a pickled service "
            "contains no token, and neither the environment nor "
            f"{self.filename or 'the default account file'} has it. Save the account on this "
            "machine, or set QISKIT_IBM_TOKEN, QISKIT_IBM_URL and QISKIT_IBM_CHANNEL."
        )

    def _known_here(self) -> Iterator[Account]:
        of_environment = AccountManager._from_environment(None)
        if of_environment is not None:
            yield of_environment
        yield from AccountManager.list(filename=self.filename).values()


def _fingerprint(token: str) -> str:
    return hashlib.blake2s(str(token).encode(), digest_size=16, person=b"account").hexdigest()
