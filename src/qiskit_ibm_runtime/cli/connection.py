"""The global options that select the service to connect to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from typer import Context

    from qiskit_ibm_runtime import QiskitRuntimeService
    from qiskit_ibm_runtime.accounts import Account

CHANNELS = "ibm_quantum_platform, ibm_cloud, ibm_quantum or local."
NO_PERSISTENT_RUNTIME = (
    "No persistent embedded runtime is running, and one started by this command would stop when "
    "the command ends. Start one with `qiskit-ibm-runtime local start`."
)


@dataclass(frozen=True)
class Connection:
    """Global options that precede the command: account, channel, instance and account file."""

    account: str | None = None
    channel: str | None = None
    instance: str | None = None
    file: str | None = None

    @property
    def _arguments(self) -> dict[str, Any]:
        return {
            "name": self.account,
            "channel": self.channel,
            "instance": self.instance,
            "filename": self.file,
        }

    def find_account(self) -> Account | None:
        """Return the account that these options select; ``None`` for the embedded runtime."""
        from qiskit_ibm_runtime.accounts import choose_account

        return choose_account(**self._arguments)

    def open(self, *, persistent: bool = False) -> QiskitRuntimeService:
        """Connect to the service.

        Args:
            persistent: Whether the command needs jobs or programs that outlive this process.

        Raises:
            IBMInputValueError: If it does, but no persistent embedded runtime is running.
        """
        from qiskit_ibm_runtime import IBMInputValueError, QiskitRuntimeService

        from .output import spinner

        if persistent and self.find_account() is None:
            from qiskit_ibm_runtime.local import daemon

            if daemon.find_usable() is None:
                raise IBMInputValueError(NO_PERSISTENT_RUNTIME)
        with spinner("connecting"):
            return QiskitRuntimeService(**self._arguments)


def connection_of(context: Context) -> Connection:
    """Return the global options of a command."""
    return cast("Connection", context.find_root().obj)
