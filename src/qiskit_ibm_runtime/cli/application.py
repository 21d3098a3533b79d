"""The commands put together, and what happens to their errors."""

import json
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, Any, Optional

import typer

from . import account, backends, doctor, jobs, local, program, run_circuits
from .connection import CHANNELS, Connection
from .exit_codes import FAILED, INTERRUPTED, MISUSED, TABLE, exit_code
from .output import printable

app = typer.Typer(
    name="qiskit-ibm-runtime",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich would double the time of --help
    add_completion=True,
    epilog="\b\n" + TABLE,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(account.app, name="account")
app.command("backends")(backends.listed)
app.command("backend")(backends.one)
app.command("run")(run_circuits.run)
app.command("jobs")(jobs.listed)
app.command("job")(jobs.one)
app.add_typer(program.app, name="program")
app.add_typer(local.app, name="local")
app.command("doctor")(doctor.doctor)


_EXTRA = (
    "The embedded runtime needs the extra 'local' of this package: pip install "
    '"PATH[local]", with the path of its wheel or checkout as PATH'
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("qiskit-ibm-runtime"))
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    account: Annotated[Optional[str], typer.Option(help="Name of a saved account.")] = None,
    channel: Annotated[Optional[str], typer.Option(help=CHANNELS)] = None,
    instance: Annotated[
        Optional[str], typer.Option(help="hub/group/project; on ibm_cloud a CRN or a name.")
    ] = None,
    file: Annotated[
        Optional[str], typer.Option(help="File of saved accounts.", metavar="FILE")
    ] = None,
    version: Annotated[  # noqa: ARG001  # its callback prints it
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it."),
    ] = False,
) -> None:
    """Accounts, backends, jobs and programs of Qiskit Runtime."""
    context.obj = Connection(account, channel, instance, file)


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; errors of a user print one line."""
    before = warnings.showwarning
    warnings.showwarning = _show_warning
    try:
        # Returning a number is exiting with it, for commands that end like that.
        code = typer.main.get_command(app).main(
            args=list(arguments), prog_name="qiskit-ibm-runtime", standalone_mode=False
        )
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough; the interpreter must not try to write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # noqa: BLE001  # a bug is raised again
        return _explain(error, as_json="--json" in arguments)
    finally:
        warnings.showwarning = before
    return code if isinstance(code, int) else 0


def _explain(error: Exception, *, as_json: bool) -> int:
    """Print an error and return its exit code; a bug goes on as it is."""
    if type(error).__name__ == "Abort":  # a "no", or Ctrl-C, at a prompt
        return FAILED
    show: Any = getattr(error, "show", None)
    if show is not None:  # a wrong use that typer found
        show()
        return MISUSED
    if isinstance(error, ModuleNotFoundError):
        code: Optional[int] = MISUSED
        message = f"{error}. {_EXTRA}"
    else:
        code = exit_code(error)
        message = _message(error)
    if code is None:
        raise error
    message = printable(message)
    if as_json:
        facts = {"type": type(error).__name__, "message": message, "exit_code": code}
        sys.stderr.write(json.dumps({"error": facts}) + "\n")
    else:
        sys.stderr.write(f"error: {message}\n")
    return code


def _message(error: Exception) -> str:
    """Return what a person needs of an error: what the service said, if it refused something."""
    failure = getattr(error, "failure", None)
    if failure is not None and failure.status is not None and failure.message:
        code = "" if failure.code is None else f", code {failure.code}"
        return f"{failure.message} (status {failure.status}{code})"
    return getattr(error, "message", None) or str(error) or type(error).__name__


def _show_warning(message: Any, category: Any, *_: Any, **__: Any) -> None:
    if not issubclass(category, (DeprecationWarning, PendingDeprecationWarning)):
        sys.stderr.write(f"warning: {printable(message)}\n")
