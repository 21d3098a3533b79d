"""The ``program`` commands: manage custom programs."""

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from .connection import connection_of
from .output import Json, print_fields, print_json, print_message, print_table, print_text

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Upload, list, show and delete programs."
)


@app.command()
def upload(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Source file.")],
    name: Annotated[
        Optional[str], typer.Option(help="Name of the program. [default: name of the file]")
    ] = None,
    description: Annotated[Optional[str], typer.Option(help="Description.")] = None,
    max_time: Annotated[
        Optional[int], typer.Option(help="Maximum execution time in seconds. [default: 300]")
    ] = None,
    metadata: Annotated[
        Optional[Path],
        typer.Option(help="JSON file with metadata; options take precedence."),
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Allow all users to run it.")] = False,
    json: Json = False,
) -> None:
    """Upload a program and print its id."""
    import json as parser

    fields: dict[str, Any] = {"name": file.stem, "max_execution_time": 300}
    if metadata is not None:
        fields.update(parser.loads(metadata.read_text("utf-8")))
    given = {"name": name, "description": description, "max_execution_time": max_time}
    fields.update({field: value for field, value in given.items() if value is not None})
    if public:
        fields["is_public"] = True
    if not file.is_file():
        raise FileNotFoundError(f"There is no file {file}.")
    service = connection_of(context).open(persistent=True)
    program_id = service.upload_program(str(file), fields)
    print_json({"id": program_id}) if json else print_text(program_id)


@app.command("list")
def list_programs(
    context: typer.Context,
    limit: Annotated[int, typer.Option(help="Maximum number of programs.")] = 20,
    skip: Annotated[int, typer.Option(help="Number of programs to skip.")] = 0,
    json: Json = False,
) -> None:
    """List programs."""
    programs = connection_of(context).open().programs(limit=limit, skip=skip)
    data = [
        {
            "id": each.program_id,
            "name": each.name,
            "description": each.description,
            "max_execution_time": each.max_execution_time,
            "public": each.is_public,
        }
        for each in programs
    ]
    if json:
        print_json(data)
        return
    print_table(
        {"id": "left", "description": "left", "seconds": "right", "public": "left"},
        [
            (each["id"], each["description"], each["max_execution_time"], bool(each["public"]))
            for each in data
        ],
    )


@app.command()
def show(
    context: typer.Context,
    program_id: Annotated[str, typer.Argument(metavar="ID")],
    source: Annotated[bool, typer.Option("--source", help="Print its source.")] = False,
    json: Json = False,
) -> None:
    """Show the metadata and the inputs of a program."""
    program = connection_of(context).open().program(program_id)
    if source:
        print_json({"source": program.data}) if json else print_text(program.data)
        return
    parameters = program.parameters().metadata
    data = {**program.to_dict(), "parameters": parameters}
    if json:
        print_json(data)
        return
    required = parameters.get("required", [])
    inputs = [
        f"{name}{' (required)' if name in required else ''}: {about.get('description', '')}"
        for name, about in (parameters.get("properties") or {}).items()
    ]
    shown = ("program_id", "name", "description", "max_execution_time", "is_public")
    fields = {field.replace("_", " "): data[field] for field in shown}
    print_fields({**fields, "inputs": "\n".join(inputs) or None})


@app.command()
def delete(
    context: typer.Context,
    program_id: Annotated[str, typer.Argument(metavar="ID")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")] = False,
    json: Json = False,
) -> None:
    """Delete a program."""
    if not yes:
        typer.confirm(f"Delete the program {program_id!r}?", abort=True, err=True)
    connection_of(context).open(persistent=True).delete_program(program_id)
    print_json({"deleted": program_id}) if json else print_message(f"Deleted {program_id}.")
