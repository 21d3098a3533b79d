"""Servers as processes of their own, from the side of the one who starts them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import IO, TYPE_CHECKING, Any

from qiskit_ibm_runtime.version import VERSION

from .interpreter import command

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKEN_VARIABLE = "QISKIT_IBM_LOCAL_TOKEN"  # noqa: S105 - the name of a variable
# Of what a server printed, as much as an error can show.
_LONGEST_REASON = 2000
_SECONDS_TO_DIE = 5


class StartError(RuntimeError):
    """A server that did not start; the text says why."""


def versions() -> dict[str, str | None]:
    """Versions of what decides on results: this package, terra and Aer."""
    return {
        "qiskit-ibm-runtime": VERSION,
        "qiskit-terra": installed("qiskit-terra"),
        "qiskit-aer": installed("qiskit-aer"),
    }


@dataclass(frozen=True)
class Announcement:
    """What a server tells the one who started it: where it is, and what it runs."""

    url: str
    token: str = field(repr=False)
    pid: int
    data: str | None
    versions: dict[str, str | None] = field(default_factory=versions)

    def write(self, file: int) -> None:
        """Write it as one line, whole or not at all.

        Raises:
            OSError: If the disk is full, for example.
        """
        line = f"{json.dumps(asdict(self))}\n".encode()
        if os.write(file, line) < len(line):
            raise OSError("The address of the server could not be written in full.")

    @classmethod
    def parse(cls, line: bytes) -> Announcement | None:
        """Read what was written; ``None`` if it is not complete."""
        try:
            return cls(**json.loads(line))
        except (ValueError, TypeError):
            return None


def spawn(
    arguments: Sequence[str], announcing: int, printed: IO[bytes], **options: Any
) -> subprocess.Popen[bytes]:
    """Start a server that writes its announcement to a descriptor and prints into a file.

    Args:
        arguments: Further ones for ``serve``.
        announcing: The descriptor, which the server holds open as long as it lives.
        printed: The file.
        **options: As for ``subprocess.Popen``; there is no standard input by default.

    Raises:
        StartError: If there is no such interpreter, for example.
    """
    serve = ("serve", "--announce", str(announcing), "--log-level", "WARNING", *arguments)
    environment = {key: value for key, value in os.environ.items() if key != TOKEN_VARIABLE}
    try:
        return subprocess.Popen(  # noqa: S603 - nothing in it comes from outside
            command("qiskit_ibm_runtime.local", *serve),
            stdout=printed,
            stderr=printed,
            env=environment,
            pass_fds=(announcing,),
            # Ctrl-C reaches the whole foreground group of a terminal; it is meant for the wait.
            start_new_session=True,
            **{"stdin": subprocess.DEVNULL, **options},
        )
    except OSError as error:
        raise StartError(f"The embedded runtime could not be started: {error}") from error


def not_started(process: subprocess.Popen[bytes], printed: IO[bytes]) -> StartError:
    """The error that quotes the end of what a server printed: its error, or its traceback's end."""
    size = printed.seek(0, os.SEEK_END)
    printed.seek(max(0, size - _LONGEST_REASON))
    lines = printed.read().decode(errors="replace").strip().splitlines()
    said = lines[-1].strip() if lines else "It printed nothing."
    return StartError(f"The embedded runtime did not start: {end_of(process)}. {said}")


def end_of(process: subprocess.Popen[bytes]) -> str:
    """How a process ended whose descriptors are closed already, so that its end is near."""
    try:
        code = process.wait(_SECONDS_TO_DIE)
    except subprocess.TimeoutExpired:
        return f"process {process.pid} does not answer"
    if code >= 0:
        return f"process {process.pid} ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = "; perhaps the system was out of memory" if name == "SIGKILL" else ""
    return f"process {process.pid} was ended by {name}{hint}"


def installed(package: str) -> str | None:
    """Return the release of a package; ``None`` if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
