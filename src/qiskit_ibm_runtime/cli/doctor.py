"""``doctor``: what is installed, which account is used, and whether the service answers."""

from dataclasses import asdict
from typing import Annotated

import typer

from .connection import connection_of
from .exit_codes import FAILED
from .output import Json, busy, print_json, print_table, say


def doctor(
    context: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Send nothing.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Also run jobs on IBM's platform of today; asks first.")
    ] = False,
    json: Json = False,
) -> None:
    """Check the installation, the account and the way to the service."""
    from .diagnosis import BROKEN, check_platform, findings

    with busy("checking"):
        found = list(findings(connection_of(context), offline=offline))
    if json:
        print_json([asdict(each) for each in found])
    else:
        columns = dict.fromkeys(("", "what", "found"), "left")
        print_table(columns, [(each.state, each.what, each.found) for each in found])
        for each in found:
            if each.advice:
                say(f"{each.what}: {each.advice}")
    failed = any(each.state == BROKEN for each in found)
    if live and check_platform(connection_of(context)) != 0:
        failed = True
    if failed:
        raise typer.Exit(FAILED)
