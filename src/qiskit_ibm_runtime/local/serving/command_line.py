"""Serve the embedded runtime in the foreground, or run one in the background."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import fields
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime.local import daemon
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
    """Run a command and return its exit code: 2 for invalid settings or a failed start."""
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
    serve = commands.add_parser("serve", help="serve the runtime until stopped")
    # No defaults here, so that only options that are given override the file.
    add = serve.add_argument
    add("--config", type=Path, help="TOML file with settings")
    add("--host", help="address to listen on [127.0.0.1]")
    add("--port", type=int, help="port to listen on; 0 selects a free port [0]")
    add("--path-prefix", help="prefix of all paths, for use behind a gateway")
    add("--public-url", help="URL that clients use, if the server is behind a gateway")
    add(
        "--allowed-host",
        action="append",
        dest="allowed_hosts",
        help="additional Host header to accept; repeatable",
    )
    add("--tls-cert", type=Path, help="certificate chain (PEM)")
    add("--tls-key", type=Path, help="private key of the certificate (PEM)")
    add("--data", type=Path, help="data folder, to keep jobs across restarts")
    add(
        "--token",
        action="append",
        dest="users",
        metavar="[NAME:]TOKEN",
        help=f"API token of a user; repeatable; prefer {TOKEN_VARIABLE} or the TOML file, because "
        "other users of this machine can read command lines",
    )
    add(
        "--hub",
        action="append",
        dest="hubs",
        metavar="H/G/P",
        help="hub/group/project; repeatable, the first is the default",
    )
    add("--device", action="append", dest="devices", help="backend to offer; repeatable [all]")
    add("--workers", type=int, help="number of concurrent jobs [2, or 1 on a single core]")
    add("--executor", choices=("process", "dask"), help="how to run jobs [process]")
    add("--scheduler", help="address of the Dask scheduler")
    add("--no-page", action="store_false", dest="page", default=None, help="disable the web page")
    add("--retention-days", type=float, help="delete jobs this many days after they finish [never]")
    add("--log-level", help="minimum level of log messages on stderr [INFO]")
    # For processes that start a server for themselves: stop with the parent process, and write the
    # announcement to a file descriptor.
    add("--until-eof", action="store_true", help=argparse.SUPPRESS)
    add("--announce", type=int, help=argparse.SUPPRESS)
    _add_daemon_commands(commands)
    purge = commands.add_parser("purge", help="delete old jobs from the data of a stopped server")
    purge.add_argument("--data", type=Path, required=True, help="data folder")
    purge.add_argument(
        "--days",
        type=float,
        required=True,
        help="delete jobs that finished more than this many days ago",
    )
    return parser


def _add_daemon_commands(commands: Any) -> None:
    start = commands.add_parser(
        "start",
        help="start a persistent runtime for all processes of this user with channel='local'",
    )
    start.add_argument("--data", type=Path, help="data folder")
    start.add_argument("--workers", type=int, help="number of concurrent jobs")
    start.add_argument("--device", action="append", help="backend to offer; repeatable [all]")
    start.add_argument(
        "--retention-days", type=float, help="delete jobs this many days after they finish"
    )
    commands.add_parser("stop", help="stop the persistent runtime; its jobs are saved")
    commands.add_parser("status", help="show the persistent runtime; exit code 1 if none runs")


def settings_of(options: argparse.Namespace) -> Settings:
    """Merge the settings of a command line and its TOML file.

    Raises:
        SettingsError: If the settings are invalid.
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
    """Return the arguments of ``serve`` for a persistent runtime; ``None`` keeps the default."""
    arguments = [f"--device={name}" for name in devices]
    if workers is not None:
        arguments.append(f"--workers={workers}")
    if retention_days is not None:
        arguments.append(f"--retention-days={retention_days}")
    if data is not None:
        arguments.append(f"--data={data.absolute()}")
    return arguments


def _start(options: argparse.Namespace) -> int:
    _print_announcement(
        daemon.start(
            arguments_of_start(
                options.data, options.workers, options.device or (), options.retention_days
            )
        )
    )
    return 0


def _stop(_: argparse.Namespace) -> int:
    found = daemon.stop()
    print(
        "The persistent runtime is not running."
        if found is None
        else f"stopped: process {found.pid}"
    )
    return 0


def _status(_: argparse.Namespace) -> int:
    found = daemon.find()
    if found is None:
        print("The persistent runtime is not running.")
        return 1
    _print_announcement(found)
    page = daemon.page(found)
    if page is not None:
        print(f"page: {page}")
    return 0


def _print_announcement(found: Announcement) -> None:
    print(f"url: {found.url}\nprocess: {found.pid}\ndata: {found.data}")
    for name, number in found.versions.items():
        print(f"{name}: {number}")


def purge(data: Path, days: float) -> int:
    """Delete old jobs from the data of a stopped server.

    Args:
        data: The data folder.
        days: Delete jobs that finished more than this many days ago.

    Returns:
        Number of deleted jobs.

    Raises:
        SettingsError: If the folder holds no data of a server.
    """
    from qiskit_ibm_runtime.local.storage.store import Store

    if not (data / "runtime.sqlite").is_file():
        raise SettingsError(f"{data} does not contain the data of a server.")
    store = Store(data)
    removed = store.purge(datetime.now(timezone.utc) - timedelta(days=days))
    store.close()
    return removed


def _purge(options: argparse.Namespace) -> int:
    print(f"removed: {purge(options.data, options.days)}")
    return 0


_COMMANDS = {"start": _start, "stop": _stop, "status": _status, "purge": _purge}
