"""Server processes, from the side of the process that starts them."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import IO, TYPE_CHECKING, Any

from qiskit_ibm_runtime.version import VERSION

from . import interpreter

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKEN_VARIABLE = "QISKIT_IBM_LOCAL_TOKEN"  # noqa: S105 - the name of a variable
# Limit on the server output that an error quotes.
_LONGEST_QUOTE = 2000
_EXIT_TIMEOUT = 5


class StartError(RuntimeError):
    """The server did not start; the message says why."""


def versions() -> dict[str, str | None]:
    """Return the versions of the packages that affect results: this one, terra and Aer."""
    return {
        "qiskit-ibm-runtime": VERSION,
        "qiskit-terra": installed("qiskit-terra"),
        "qiskit-aer": installed("qiskit-aer"),
    }


@dataclass(frozen=True)
class Announcement:
    """Message of a started server to the process that started it: address, token and versions."""

    url: str
    token: str = field(repr=False)
    pid: int
    data: str | None
    versions: dict[str, str | None] = field(default_factory=versions)

    def write(self, file: int) -> None:
        """Write the announcement as one line of JSON.

        Raises:
            OSError: If it could not be written completely, for example because the disk is full.
        """
        line = f"{json.dumps(asdict(self))}\n".encode()
        if os.write(file, line) < len(line):
            raise OSError("The address of the server could not be written completely.")

    @classmethod
    def parse(cls, line: bytes) -> Announcement | None:
        """Parse an announcement; return ``None`` if it is incomplete."""
        try:
            return cls(**json.loads(line))
        except (ValueError, TypeError):
            return None


def spawn(
    arguments: Sequence[str], announce: int, output: IO[bytes], **options: Any
) -> subprocess.Popen[bytes]:
    """Start a server process.

    Args:
        arguments: Additional arguments for ``serve``.
        announce: File descriptor to which the server writes its announcement. The server keeps it
            open as long as it runs.
        output: File for standard output and standard error of the server.
        **options: Options of ``subprocess.Popen``; standard input is empty by default.

    Raises:
        StartError: If the process cannot be started, for example for lack of an interpreter.
    """
    serve = ("serve", "--announce", str(announce), "--log-level", "WARNING", *arguments)
    environment = {key: value for key, value in os.environ.items() if key != TOKEN_VARIABLE}
    try:
        return subprocess.Popen(  # noqa: S603 - no part of the command comes from outside
            interpreter.command("qiskit_ibm_runtime.local", *serve),
            stdout=output,
            stderr=output,
            env=environment,
            pass_fds=(announce,),
            # Ctrl-C signals the whole foreground process group; it must not stop the server.
            start_new_session=True,
            **{"stdin": subprocess.DEVNULL, **options},
        )
    except OSError as error:
        raise StartError(f"The embedded runtime could not be started: {error}") from error


def start_error(process: subprocess.Popen[bytes], output: IO[bytes]) -> StartError:
    """Create an error that quotes the last line of a server's output."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _LONGEST_QUOTE))
    lines = output.read().decode(errors="replace").strip().splitlines()
    last = lines[-1].strip() if lines else "It printed nothing."
    return StartError(f"The embedded runtime did not start: {describe_exit(process)}. {last}")


def describe_exit(process: subprocess.Popen[bytes]) -> str:
    """Describe how a process ended; waits briefly, for a process that has closed its pipes."""
    try:
        code = process.wait(_EXIT_TIMEOUT)
    except subprocess.TimeoutExpired:
        return f"process {process.pid} does not respond"
    return f"process {process.pid} {''.join(interpreter.describe_exit(code))}"


def installed(package: str) -> str | None:
    """Return the version of a package, or ``None`` if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
