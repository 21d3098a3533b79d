"""Serve the embedded runtime here, or keep one running beyond this process."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import fields
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.local import kept
from qiskit_ibm_runtime.local.server_process import TOKEN_VARIABLE, Announcement, StartError
from qiskit_ibm_runtime.local.settings import (
    Settings,
    SettingsError,
    User,
    read_toml,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_USAGE_ERROR = 2


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0, or 2 for what cannot be set up so."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] not in (*_COMMANDS, "serve", "-h", "--help"):
        given.insert(0, "serve")
    options = _parser().parse_args(given)
    try:
        return _COMMANDS.get(options.command, _serve)(options)
    except (SettingsError, StartError) as error:
        print(f"error: {error}", file=sys.stderr)
        return _USAGE_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m qiskit_ibm_runtime.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the runtime until it is told to stop")
    # Only what is given wins over the file, so nothing has a default here.
    add = serve.add_argument
    add("--config", type=Path, help="TOML file with any of the settings")
    add("--host", help="address to listen on [127.0.0.1]")
    add("--port", type=int, help="port to listen on; 0 takes a free one [0]")
    add("--path-prefix", help="serve everything under this path, as behind a gateway")
    add("--public-url", help="address that clients use, if a gateway hides this one")
    add("--allowed-host", action="append", dest="allowed_hosts", help="Host header to answer to")
    add("--tls-cert", type=Path, help="file of the certificate chain (PEM)")
    add("--tls-key", type=Path, help="file of its private key (PEM)")
    add("--data", type=Path, help="folder in which everything is kept over restarts")
    add(
        "--token",
        action="append",
        dest="users",
        metavar="[NAME:]TOKEN",
        help=f"who may call; repeatable; better given by {TOKEN_VARIABLE} or the TOML file, "
        "because everybody on this machine can read command lines",
    )
    add("--hub", action="append", dest="hubs", metavar="H/G/P", help="repeatable; first: open one")
    add("--device", action="append", dest="devices", help="backend to offer; repeatable [all]")
    add("--workers", type=int, help="jobs that run at once [2, or the number of cores]")
    add("--executor", choices=("process", "dask"), help="what runs jobs [process]")
    add("--scheduler", help="address of the Dask scheduler")
    add("--no-page", action="store_false", dest="page", default=None, help="show people no page")
    add("--retention-days", type=float, help="remove jobs so long after their end [never]")
    add("--log-level", help="least level of the log on stderr [INFO]")
    # For anyone who starts a server for itself: end with standard input and the parent process, and
    # write the address as JSON to a file descriptor.
    add("--until-eof", action="store_true", help=argparse.SUPPRESS)
    add("--announce", type=int, help=argparse.SUPPRESS)
    _add_commands_of_the_kept_one(commands)
    purge = commands.add_parser("purge", help="remove ended jobs from the data of a stopped server")
    purge.add_argument("--data", type=Path, required=True)
    purge.add_argument("--days", type=float, required=True, help="age from which on they go")
    return parser


def _add_commands_of_the_kept_one(commands: Any) -> None:
    start = commands.add_parser(
        "start", help="start a runtime that stays, for every process that uses channel='local'"
    )
    start.add_argument("--data", type=Path, help="folder in which everything is kept")
    start.add_argument("--workers", type=int, help="jobs that run at once")
    start.add_argument("--device", action="append", help="backend to offer; repeatable [all]")
    start.add_argument("--retention-days", type=float, help="remove jobs so long after their end")
    commands.add_parser("stop", help="stop it; its jobs are there after the next start")
    commands.add_parser("status", help="tell whether it runs; exit code 1 if it does not")


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings that a command line and its TOML file make together.

    Raises:
        SettingsError: If they do not go together.
    """
    values: dict[str, Any] = {"workers": min(2, os.cpu_count() or 1)}
    if options.config is not None:
        values.update(read_toml(options.config))
    names = {one.name for one in fields(Settings)}
    given = {name: value for name, value in vars(options).items() if name in names}
    for name, value in given.items():
        if value is not None:
            values.update(Settings.values({name: value}))
    if not values.get("users") and os.environ.get(TOKEN_VARIABLE):
        values["users"] = (User.parse(os.environ[TOKEN_VARIABLE]),)
    return Settings(**values)


def _serve(options: argparse.Namespace) -> int:
    from .process import serve

    return serve(settings_of(options), until_eof=options.until_eof, announce=options.announce)


def arguments_of_start(
    data: Path | None,
    workers: int | None,
    devices: Sequence[str],
    retention_days: float | None,
) -> list[str]:
    """Return the arguments of ``serve`` for a runtime that is kept; ``None`` leaves a default."""
    arguments = [f"--device={name}" for name in devices]
    if workers is not None:
        arguments.append(f"--workers={workers}")
    if retention_days is not None:
        arguments.append(f"--retention-days={retention_days}")
    if data is not None:
        arguments.append(f"--data={data.absolute()}")
    return arguments


def _start(options: argparse.Namespace) -> int:
    _tell(
        kept.start(
            arguments_of_start(
                options.data, options.workers, options.device or (), options.retention_days
            )
        )
    )
    return 0


def _stop(_: argparse.Namespace) -> int:
    found = kept.stop()
    print("It does not run." if found is None else f"stopped: process {found.pid}")
    return 0


def _status(_: argparse.Namespace) -> int:
    found = kept.find()
    if found is None:
        print("It does not run.")
        return 1
    _tell(found)
    page = kept.page(found)
    if page is not None:
        print(f"page: {page}")
    return 0


def _tell(found: Announcement) -> None:
    print(f"url: {found.url}\nprocess: {found.pid}\ndata: {found.data}")
    for name, number in found.versions.items():
        print(f"{name}: {number}")


def purge(data: Path, days: float) -> int:
    """Remove jobs that ended so many days ago from the data of a stopped server.

    Returns:
        How many were removed.

    Raises:
        SettingsError: If the folder holds no such data.
    """
    from qiskit_ibm_runtime.local.storage.store import Store

    if not (data / "runtime.sqlite").is_file():
        raise SettingsError(f"{data} holds no data of this server.")
    store = Store(data)
    removed = store.purge(datetime.now(timezone.utc) - timedelta(days=days))
    store.close()
    return removed


def _purge(options: argparse.Namespace) -> int:
    print(f"removed: {purge(options.data, options.days)}")
    return 0


_COMMANDS = {"start": _start, "stop": _stop, "status": _status, "purge": _purge}
