"""The ``jobs`` and ``job`` commands: list jobs, follow them and fetch their results."""

from typing import Annotated, Any, Optional

import typer

from .connection import connection_of
from .exit_codes import JOB_FAILED, USAGE_ERROR
from .output import (
    Json,
    local_time,
    print_fields,
    print_json,
    print_message,
    print_table,
    print_text,
)
from .results import print_result

_MOST_QUBITS_DRAWN = 10
_MOST_INSTRUCTIONS_DRAWN = 100


def list_jobs(
    context: typer.Context,
    limit: Annotated[int, typer.Option(help="Maximum number of jobs; 0 for all.")] = 10,
    skip: Annotated[int, typer.Option(help="Number of jobs to skip.")] = 0,
    backend: Annotated[Optional[str], typer.Option(help="Jobs on this backend.")] = None,
    pending: Annotated[
        Optional[bool],
        typer.Option("--pending/--ended", help="Queued or running jobs, or finished ones."),
    ] = None,
    program: Annotated[Optional[str], typer.Option(help="Jobs of this program.")] = None,
    session: Annotated[Optional[str], typer.Option(help="Jobs in this session.")] = None,
    tag: Annotated[
        Optional[list[str]], typer.Option(help="Jobs with this tag; repeatable.")
    ] = None,
    after: Annotated[Optional[str], typer.Option(help="Created at or after this time.")] = None,
    before: Annotated[Optional[str], typer.Option(help="Created at or before this time.")] = None,
    oldest: Annotated[bool, typer.Option("--oldest", help="Oldest first.")] = False,
    json: Json = False,
) -> None:
    """List jobs of the account, newest first."""
    from qiskit_ibm_runtime._service.jobs import JobListing
    from qiskit_ibm_runtime.accounts.validation import CLOUD_CHANNELS

    connection = connection_of(context)
    service = connection.open(persistent=True)
    listing = JobListing(
        service,
        limit=limit,
        skip=skip,
        backend_name=backend,
        pending=pending,
        program_id=program,
        instance=connection.instance if service.channel not in CLOUD_CHANNELS else None,
        job_tags=tag,
        session_id=session,
        created_after=after,
        created_before=before,
        descending=not oldest,
    )
    data = [_summary(record) for record in listing._records()]
    if json:
        print_json(data)
        return
    columns = dict.fromkeys(("id", "program", "backend", "status", "created", "tags"), "left")
    print_table(columns, [[each[column] for column in columns] for each in data])
    if not data:
        print_message("No matching jobs.")


def _summary(record: dict[str, Any]) -> dict[str, Any]:
    from qiskit_ibm_runtime._jobs.record import read_state

    return {
        "id": record["id"],
        "program": (record.get("program") or {}).get("id"),
        "backend": record.get("backend"),
        "status": read_state(record).status.name,
        "created": _local(record.get("created")),
        "session": record.get("session_id"),
        "tags": record.get("tags") or [],
    }


def show_job(
    context: typer.Context,
    job_id: Annotated[str, typer.Argument(metavar="ID", help='Id of the job, or "last".')],
    watch: Annotated[bool, typer.Option("--watch", help="Follow it until it finishes.")] = False,
    result: Annotated[bool, typer.Option("--result", help="Wait for its result.")] = False,
    logs: Annotated[bool, typer.Option("--logs", help="Print its log.")] = False,
    inputs: Annotated[bool, typer.Option("--inputs", help="Print its inputs.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel it.")] = False,
    timeout: Annotated[Optional[float], typer.Option(help="Maximum wait in seconds.")] = None,
    json: Json = False,
) -> None:
    """Show a job, follow it, or fetch its result, log or inputs."""
    if sum((watch, result, logs, inputs, cancel)) > 1:
        print_message("error: use only one of --watch, --result, --logs, --inputs and --cancel")
        raise typer.Exit(USAGE_ERROR)
    job = connection_of(context).open(persistent=True).job(job_id)
    if watch:
        job.wait_for_final_state(timeout=timeout, progress=True)
    if cancel:
        job.cancel()
    if result:
        print_result(job.result(timeout=timeout, progress=not json), as_json=json)
    elif logs:
        print_json({"logs": job.logs()}) if json else print_text(job.logs())
    elif inputs:
        print_json(job.inputs) if json else print_fields(_shown(job.inputs))
    else:
        data = details(job)
        print_json(data) if json else print_fields(data)
        if watch and data["status"] != "DONE":
            raise typer.Exit(JOB_FAILED)


def details(job: Any) -> dict[str, Any]:
    """Return the details of a job, without its inputs and result."""
    status = job.status()
    metrics = job.metrics()
    times = metrics.get("timestamps") or {}
    error = job.error_message()
    return {
        "id": job.job_id(),
        "program": job.program_id,
        "backend": job._place.get("backend") or None,
        "status": status.name,
        "reason": job._state.reason or None,
        "position_in_queue": metrics.get("position_in_queue"),
        "created": local_time(job.creation_date),
        "running": _local(times.get("running")),
        "finished": _local(times.get("finished")),
        "seconds": (metrics.get("usage") or metrics.get("bss") or {}).get("seconds"),
        "session": job.session_id,
        "tags": job.tags,
        "error": error,
    }


def _local(time: Optional[str]) -> Optional[str]:
    from qiskit_ibm_runtime.utils.converters import utc_to_local

    return local_time(utc_to_local(time)) if time else None


def _shown(inputs: dict[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in inputs.items()}


def _text(value: Any) -> str:
    from qiskit import QuantumCircuit

    if isinstance(value, list) and value and isinstance(value[0], QuantumCircuit):
        return "\n".join(map(_text, value))
    if not isinstance(value, QuantumCircuit):
        return str(value)
    size = f"{value.name}: {value.num_qubits} qubits, {len(value)} instructions"
    if value.num_qubits > _MOST_QUBITS_DRAWN or len(value) > _MOST_INSTRUCTIONS_DRAWN:
        return size
    return f"{size}\n{value.draw(output='text', fold=100)}"
