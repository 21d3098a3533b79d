"""The ``backends`` and ``backend`` commands: list backends and show one."""

from typing import Annotated, Any, Optional

import typer

from .connection import connection_of
from .output import Json, print_fields, print_json, print_table, spinner


def list_backends(
    context: typer.Context,
    min_qubits: Annotated[Optional[int], typer.Option(help="Minimum number of qubits.")] = None,
    simulator: Annotated[
        Optional[bool], typer.Option(help="Only simulators, or only devices.")
    ] = None,
    operational: Annotated[
        Optional[bool],
        typer.Option("--operational/--all", help="Only operational ones. [default: --all]"),
    ] = None,
    errors: Annotated[bool, typer.Option(help="Fetch calibrations for median errors.")] = True,
    json: Json = False,
) -> None:
    """List backends with their queues and median errors."""
    from qiskit_ibm_runtime._display.calibration import median_errors
    from qiskit_ibm_runtime.api.http.concurrency import run_concurrently

    wanted = {"simulator": simulator, "operational": operational or None}
    fields: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    service = connection_of(context).open()

    def describe(backend: Any) -> dict[str, Any]:
        status = backend.status()
        return {
            "name": backend.name,
            "qubits": backend.num_qubits,
            "queue": status.pending_jobs,
            "status": status.status_msg if status.operational else "offline",
            "simulator": backend.simulator,
            **median_errors(backend.properties() if errors else None),
        }

    with spinner("querying backends"):
        found = service.backends(min_num_qubits=min_qubits, **fields)
        answers = run_concurrently(describe, found, service._client_params.url)
    data = [answer.result() for answer in answers]
    if json:
        print_json(data)
        return
    columns = {
        "name": "left",
        **dict.fromkeys(("qubits", "queue"), "right"),
        "status": "left",
        **dict.fromkeys(("readout_error", "one_qubit_error", "two_qubit_error"), "right"),
    }
    headings = {column.replace("_", " "): side for column, side in columns.items()}
    print_table(headings, [[each[column] for column in columns] for each in data])


def show_backend(context: typer.Context, name: str, json: Json = False) -> None:
    """Show details of one backend."""
    from qiskit_ibm_runtime._display.calibration import calibrated_at, median_errors

    with spinner("querying the backend"):
        backend = connection_of(context).open().backend(name)
        status, properties = backend.status(), backend.properties()
    edges = None if backend.coupling_map is None else len(backend.coupling_map.get_edges())
    data = {
        "name": backend.name,
        "version": backend.backend_version,
        "description": backend.description,
        "qubits": backend.num_qubits,
        "status": status.status_msg if status.operational else "offline",
        "queue": status.pending_jobs,
        "simulator": backend.simulator,
        "basis_gates": backend.basis_gates,
        "couplings": edges,
        "max_circuits": backend.max_circuits,
        "max_shots": getattr(backend, "max_shots", None),
        "instance": backend._instance,
        **median_errors(properties),
        "calibrated": calibrated_at(properties),
    }
    if json:
        print_json(data)
    else:
        print_fields({field.replace("_", " "): value for field, value in data.items()})
