"""The typer application: its commands, and the reporting of errors."""

import json
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, Any, Optional

import typer

from . import account, backends, doctor, jobs, local, program, run_circuits
from .connection import CHANNELS, Connection
from .exit_codes import FAILED, INTERRUPTED, TABLE, USAGE_ERROR, exit_code
from .output import escape_control_characters

app = typer.Typer(
    name="qiskit-ibm-runtime",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich would make --help take twice as long
    add_completion=True,
    epilog="\b\n" + TABLE,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(account.app, name="account")
app.command("backends")(backends.list_backends)
app.command("backend")(backends.show_backend)
app.command("run")(run_circuits.run)
app.command("jobs")(jobs.list_jobs)
app.command("job")(jobs.show_job)
app.add_typer(program.app, name="program")
app.add_typer(local.app, name="local")
app.command("doctor")(doctor.doctor)


_LOCAL_EXTRA_HINT = (
    "The embedded runtime requires the extra 'local' of this package: pip install "
    '"PATH[local]", where PATH is the path of its wheel or checkout'
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
        Optional[str], typer.Option(help="hub/group/project; for ibm_cloud, a CRN or a name.")
    ] = None,
    file: Annotated[
        Optional[str], typer.Option(help="Account file to use.", metavar="FILE")
    ] = None,
    version: Annotated[  # noqa: ARG001  # its callback prints it
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Manage accounts, backends, jobs and programs of Qiskit Runtime."""
    context.obj = Connection(account, channel, instance, file)


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code, printing expected errors on one line."""
    before = warnings.showwarning
    warnings.showwarning = _show_warning
    try:
        # Outside standalone mode, `typer.Exit(code)` makes this call return the code.
        code = typer.main.get_command(app).main(
            args=list(arguments), prog_name="qiskit-ibm-runtime", standalone_mode=False
        )
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader closed the pipe; keep the interpreter from flushing to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # noqa: BLE001  # unexpected errors are raised again
        return _report_error(error, as_json="--json" in arguments)
    finally:
        warnings.showwarning = before
    return code if isinstance(code, int) else 0


def _report_error(error: Exception, *, as_json: bool) -> int:
    """Print an error and return its exit code; raise unexpected errors again."""
    if type(error).__name__ == "Abort":  # "no" or Ctrl-C at a prompt
        return FAILED
    show: Any = getattr(error, "show", None)
    if show is not None:  # a usage error found by typer
        show()
        return USAGE_ERROR
    if isinstance(error, ModuleNotFoundError):
        code: Optional[int] = USAGE_ERROR
        message = f"{error}. {_LOCAL_EXTRA_HINT}"
    else:
        code = exit_code(error)
        message = _message(error)
    if code is None:
        raise error
    message = escape_control_characters(message)
    if as_json:
        facts = {"type": type(error).__name__, "message": message, "exit_code": code}
        sys.stderr.write(json.dumps({"error": facts}) + "\n")
    else:
        sys.stderr.write(f"error: {message}\n")
    return code


def _message(error: Exception) -> str:
    """Return the message of an error, preferring the service's own message."""
    failure = getattr(error, "failure", None)
    if failure is not None and failure.status is not None and failure.message:
        code = "" if failure.code is None else f", code {failure.code}"
        return f"{failure.message} (status {failure.status}{code})"
    return getattr(error, "message", None) or str(error) or type(error).__name__


def _show_warning(message: Any, category: Any, *_: Any, **__: Any) -> None:
    if not issubclass(category, (DeprecationWarning, PendingDeprecationWarning)):
        sys.stderr.write(f"warning: {escape_control_characters(message)}\n")
