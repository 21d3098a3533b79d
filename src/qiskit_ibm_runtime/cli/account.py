"""The ``account`` commands: save, list, choose and delete accounts."""

import sys
from typing import Annotated, Any, Optional

import typer

from .connection import CHANNELS, connection_of
from .exit_codes import NOT_FOUND
from .output import Json, print_json, print_message, print_table

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Save, list, choose and delete accounts."
)

_PREVIOUS_NAME = "previous-{}"


@app.command()
def save(
    context: typer.Context,
    channel: Annotated[str, typer.Option(help=CHANNELS)],
    name: Annotated[
        Optional[str], typer.Option(help="Name of the account. [default: the channel's]")
    ] = None,
    instance: Annotated[
        Optional[str], typer.Option(help="hub/group/project; for ibm_cloud, a CRN or a name.")
    ] = None,
    url: Annotated[Optional[str], typer.Option(help="URL of the service. [default: IBM's]")] = None,
    verify: Annotated[
        bool, typer.Option(help="Whether to verify the service's certificate.")
    ] = True,
    overwrite: Annotated[bool, typer.Option(help="Replace an account with the same name.")] = False,
    json: Json = False,
) -> None:
    """Save an account. The token is prompted for, or read from standard input in a script."""
    from qiskit_ibm_runtime import QiskitRuntimeService

    file = connection_of(context).file
    QiskitRuntimeService.save_account(
        channel=channel,  # type: ignore[arg-type]
        token=_read_token(),
        name=name,
        instance=instance,
        url=url,
        verify=verify,
        filename=file,
        overwrite=overwrite,
    )
    if json:
        print_json({"saved": name, "channel": channel})
    else:
        print_message(f"Saved {name or f'the default account of {channel}'}.")


def _read_token() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Token", hide_input=True))
    return sys.stdin.readline().strip()


@app.command("list")
def list_accounts(context: typer.Context, json: Json = False) -> None:
    """List saved accounts; tokens are masked."""
    from qiskit_ibm_runtime import QiskitRuntimeService
    from qiskit_ibm_runtime._display.masking import mask_fields

    file = connection_of(context).file
    accounts = QiskitRuntimeService.saved_accounts(filename=file)
    defaults = QiskitRuntimeService.saved_accounts(filename=file, default=True)
    data = [
        {"name": name, "default": name in defaults, **mask_fields(fields)}
        for name, fields in accounts.items()
    ]
    if json:
        print_json(data)
        return
    columns = dict.fromkeys(("name", "default", "channel", "instance", "url", "token"), "left")
    print_table(columns, [[each.get(column) for column in columns] for each in data])
    if not data:
        print_message("No saved accounts. Save one with `qiskit-ibm-runtime account save`.")


@app.command()
def use(context: typer.Context, name: str, json: Json = False) -> None:
    """Make a saved account the default of its channel."""
    from qiskit_ibm_runtime.accounts import AccountManager, storage
    from qiskit_ibm_runtime.accounts.exceptions import AccountNotFoundError
    from qiskit_ibm_runtime.accounts.management import _content, _default_name, _file

    file = connection_of(context).file
    account = AccountManager.get(filename=file, name=name)
    default = _default_name(account.channel)
    AccountManager.migrate(file)

    def make_default(content: dict[str, Any]) -> dict[str, Any]:
        if name not in content:
            raise AccountNotFoundError(f"Account {name!r} was deleted by another process.")
        others = {key: entry for key, entry in content.items() if key != default}
        replaced = content.get(default)
        if replaced and name != default and replaced not in others.values():
            others[_PREVIOUS_NAME.format(default)] = replaced
        return {**others, default: content[name]}

    storage.change(_file(file), make_default)
    first = AccountManager.get(filename=file)
    if json:
        print_json({"default": name, "channel": account.channel})
        return
    print_message(f"{name} is now the default account of {account.channel}.")
    if first != AccountManager.get(filename=file, name=default):
        print_message(
            f"Without --channel {account.channel} or QISKIT_IBM_CHANNEL={account.channel}, the "
            f"default account of {first.channel} still takes precedence."
        )
    if _PREVIOUS_NAME.format(default) in _content(file):
        print_message(f"The previous default is kept as {_PREVIOUS_NAME.format(default)}.")


@app.command()
def delete(
    context: typer.Context,
    name: str,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")] = False,
    json: Json = False,
) -> None:
    """Delete a saved account from the file."""
    from qiskit_ibm_runtime import QiskitRuntimeService

    file = connection_of(context).file
    if not yes:
        typer.confirm(f"Delete the account {name!r}?", abort=True, err=True)
    deleted = QiskitRuntimeService.delete_account(filename=file, name=name)
    if json:
        print_json({"deleted": deleted})
    else:
        print_message(f"Deleted {name}." if deleted else f"There is no account named {name!r}.")
    if not deleted:
        raise typer.Exit(NOT_FOUND)
