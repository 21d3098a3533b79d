"""The ``doctor`` command: check the installation, the account and the connection."""

from dataclasses import asdict
from typing import Annotated

import typer

from .connection import connection_of
from .exit_codes import FAILED
from .output import Json, print_json, print_message, print_table, spinner


def doctor(
    context: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Send no requests.")] = False,
    live: Annotated[
        bool,
        typer.Option("--live", help="Also run jobs on IBM Quantum Platform, after confirmation."),
    ] = False,
    json: Json = False,
) -> None:
    """Check the installation, the account and the connection to the service."""
    from .diagnosis import FAILURE, check_platform, run_checks

    with spinner("checking"):
        found = list(run_checks(connection_of(context), offline=offline))
    if json:
        print_json([asdict(each) for each in found])
    else:
        columns = dict.fromkeys(("", "what", "found"), "left")
        print_table(columns, [(each.state, each.what, each.found) for each in found])
        for each in found:
            if each.advice:
                print_message(f"{each.what}: {each.advice}")
    failed = any(each.state == FAILURE for each in found)
    if live and check_platform(connection_of(context)) != 0:
        failed = True
    if failed:
        raise typer.Exit(FAILED)
