"""Which service the commands talk to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from typer import Context

    from qiskit_ibm_runtime import QiskitRuntimeService
    from qiskit_ibm_runtime.accounts import Account

CHANNELS = "ibm_quantum_platform, ibm_cloud, ibm_quantum or local."
NO_RUNTIME = (
    "No embedded runtime is kept, and one that is started for this command would end with it. "
    "Start one with `qiskit-ibm-runtime local start`."
)


@dataclass(frozen=True)
class Connection:
    """Options in front of the command: which account, channel and instance to use."""

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
        """Return the account that these options mean; ``None`` for the embedded runtime."""
        from qiskit_ibm_runtime.accounts import choose_account

        return choose_account(**self._arguments)

    def open(self, *, lasting: bool = False) -> QiskitRuntimeService:
        """Connect to the service.

        Args:
            lasting: Whether what the command leaves behind, or looks for, outlives it.

        Raises:
            IBMInputValueError: If it must, and would not.
        """
        from qiskit_ibm_runtime import IBMInputValueError, QiskitRuntimeService

        from .output import busy

        if lasting and self.find_account() is None:
            from qiskit_ibm_runtime.local import daemon

            if daemon.find_usable() is None:
                raise IBMInputValueError(NO_RUNTIME)
        with busy("connecting"):
            return QiskitRuntimeService(**self._arguments)


def connection_of(context: Context) -> Connection:
    """Return the options in front of a command."""
    return cast("Connection", context.find_root().obj)
