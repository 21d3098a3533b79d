"""``local``: the embedded runtime that outlives processes."""

import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from .exit_codes import FAILED
from .output import Json, busy, print_fields, print_json, say

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Start, stop and serve the embedded runtime."
)


@app.command()
def start(
    data: Annotated[Optional[Path], typer.Option(help="Folder that keeps everything.")] = None,
    workers: Annotated[Optional[int], typer.Option(help="Jobs that run at once.")] = None,
    device: Annotated[
        Optional[list[str]], typer.Option(help="Backend to offer; repeatable. [default: all]")
    ] = None,
    retention_days: Annotated[
        Optional[float], typer.Option(help="Days to keep jobs after their end.")
    ] = None,
    json: Json = False,
) -> None:
    """Start a runtime that stays, for everything that uses channel local."""
    from qiskit_ibm_runtime.local import daemon
    from qiskit_ibm_runtime.local.serving.command_line import arguments_of_start

    with busy("starting"):
        found = daemon.start(arguments_of_start(data, workers, device or (), retention_days))
    _show(found, json)


@app.command()
def status(json: Json = False) -> None:
    """Tell whether it runs; exit code 1 if it does not."""
    from qiskit_ibm_runtime.local import daemon

    found = daemon.find()
    if found is None:
        print_json({"running": False}) if json else say("It does not run.")
        raise typer.Exit(FAILED)
    _show(found, json)


@app.command()
def stop(json: Json = False) -> None:
    """Stop it; its jobs are there after the next start."""
    from qiskit_ibm_runtime.local import daemon

    with busy("stopping"):
        found = daemon.stop()
    if json:
        print_json({"stopped": None if found is None else found.pid})
    else:
        say("It does not run." if found is None else f"Stopped: process {found.pid}.")


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def serve(context: typer.Context) -> None:
    """Serve a runtime here until Ctrl-C; --help lists its many options."""
    from qiskit_ibm_runtime.local.__main__ import main

    sys.argv[1:] = ["serve", *context.args]
    raise typer.Exit(main())


@app.command()
def purge(
    data: Annotated[Path, typer.Option(help="Folder of a stopped server.")],
    days: Annotated[float, typer.Option(help="Age from which on jobs are removed.")],
    json: Json = False,
) -> None:
    """Remove ended jobs from the data of a stopped server."""
    from qiskit_ibm_runtime.local.serving.command_line import purge as remove

    removed = remove(data, days)
    print_json({"removed": removed}) if json else say(f"Removed: {removed} jobs.")


def _show(found: Any, json: bool) -> None:
    facts = {"url": found.url, "process": found.pid, "data": found.data, **found.versions}
    print_json({"running": True, **facts}) if json else print_fields(facts)
