"""The ``local`` commands: manage the persistent embedded runtime."""

import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from .exit_codes import FAILED
from .output import Json, print_fields, print_json, print_message, spinner

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Start, stop and serve the embedded runtime."
)


@app.command()
def start(
    data: Annotated[Optional[Path], typer.Option(help="Data directory.")] = None,
    workers: Annotated[Optional[int], typer.Option(help="Number of concurrent jobs.")] = None,
    device: Annotated[
        Optional[list[str]], typer.Option(help="Backend to offer; repeatable. [default: all]")
    ] = None,
    retention_days: Annotated[
        Optional[float], typer.Option(help="Days to keep jobs after they finish.")
    ] = None,
    json: Json = False,
) -> None:
    """Start a persistent runtime, shared by all processes that use channel local."""
    from qiskit_ibm_runtime.local import daemon
    from qiskit_ibm_runtime.local.serving.command_line import arguments_of_start

    with spinner("starting"):
        found = daemon.start(arguments_of_start(data, workers, device or (), retention_days))
    _show(found, json)


@app.command()
def status(json: Json = False) -> None:
    """Show whether it is running; exit code 1 if not."""
    from qiskit_ibm_runtime.local import daemon

    found = daemon.find()
    if found is None:
        print_json({"running": False}) if json else print_message("Not running.")
        raise typer.Exit(FAILED)
    _show(found, json)


@app.command()
def stop(json: Json = False) -> None:
    """Stop it. Its jobs are available again after the next start."""
    from qiskit_ibm_runtime.local import daemon

    with spinner("stopping"):
        found = daemon.stop()
    if json:
        print_json({"stopped": None if found is None else found.pid})
    else:
        print_message("Not running." if found is None else f"Stopped process {found.pid}.")


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def serve(context: typer.Context) -> None:
    """Run a server in the foreground until Ctrl-C; --help lists its options."""
    from qiskit_ibm_runtime.local.__main__ import main

    sys.argv[1:] = ["serve", *context.args]
    raise typer.Exit(main())


@app.command()
def purge(
    data: Annotated[Path, typer.Option(help="Data directory of a stopped server.")],
    days: Annotated[float, typer.Option(help="Minimum age of the jobs to remove, in days.")],
    json: Json = False,
) -> None:
    """Remove finished jobs from the data directory of a stopped server."""
    from qiskit_ibm_runtime.local.serving.command_line import purge as remove

    removed = remove(data, days)
    print_json({"removed": removed}) if json else print_message(f"Removed {removed} jobs.")


def _show(found: Any, json: bool) -> None:
    facts = {"url": found.url, "process": found.pid, "data": found.data, **found.versions}
    print_json({"running": True, **facts}) if json else print_fields(facts)
