"""The ``run`` command: run circuits from a file with the Sampler or the Estimator."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from .connection import connection_of
from .output import Json, print_json, print_message, print_text, spinner
from .results import print_result

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def run(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="OpenQASM 2 or 3, or QPY.")],
    backend: Annotated[
        Optional[str],
        typer.Option(help="Backend. [default: the least busy one with enough qubits]"),
    ] = None,
    observable: Annotated[
        Optional[list[str]],
        typer.Option(help="Estimate this Pauli string instead of sampling; repeatable."),
    ] = None,
    parameters: Annotated[
        Optional[str], typer.Option(help="Comma-separated values of the circuit's parameters.")
    ] = None,
    shots: Annotated[
        Optional[int], typer.Option(help="Number of shots. [default: the service's]")
    ] = None,
    seed: Annotated[Optional[int], typer.Option(help="Seed for simulators.")] = None,
    optimization_level: Annotated[Optional[int], typer.Option(help="0 to 3.")] = None,
    resilience_level: Annotated[
        Optional[int], typer.Option(help="0 or 1; up to 3 with observables.")
    ] = None,
    max_time: Annotated[
        Optional[int], typer.Option(help="Maximum execution time of the job in seconds.")
    ] = None,
    tag: Annotated[Optional[list[str]], typer.Option(help="Tag of the job; repeatable.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait for the result.")] = True,
    timeout: Annotated[Optional[float], typer.Option(help="Maximum wait in seconds.")] = None,
    json: Json = False,
) -> None:
    """Run circuits from a file, and print distributions or expectation values."""
    from qiskit_ibm_runtime import Estimator, Options, QiskitError, Sampler, Session

    circuits = read_circuits(file)
    observables = observable or []
    options = Options(
        optimization_level=optimization_level,
        resilience_level=resilience_level,
        max_execution_time=max_time,
        environment={"job_tags": tag or []},
        simulator={"seed_simulator": seed},
    )
    if shots is not None:
        options.execution.shots = shots
    service = connection_of(context).open(persistent=not wait)
    widest = max(circuit.num_qubits for circuit in circuits)
    with spinner("submitting"):
        chosen = service.backend(backend) if backend else service.least_busy(widest)
        values = None if parameters is None else read_values(parameters)
        session = Session(backend=chosen)
        if observables:
            pairs = [(circuit, each) for circuit in circuits for each in observables]
            job = Estimator(session=session, options=options).run(
                [circuit for circuit, _ in pairs],
                [each for _, each in pairs],
                None if values is None else [values] * len(pairs),
            )
        else:
            measured = [_measured(circuit) for circuit in circuits]
            job = Sampler(session=session, options=options).run(
                measured, None if values is None else [values] * len(measured)
            )
        with suppress(QiskitError):  # the job still runs
            session.close()
    if wait:
        print_message(f"Job {job.job_id()} on {chosen.name}")
        print_result(job.result(timeout=timeout, progress=not json), as_json=json)
    elif json:
        print_json({"id": job.job_id(), "backend": chosen.name})
    else:
        print_text(job.job_id())


def read_circuits(file: Path) -> "list[QuantumCircuit]":
    """Read the circuits in a QASM or QPY file.

    Raises:
        IBMInputValueError: If the file has another type, is malformed or contains no circuit.
        FileNotFoundError: If the file does not exist.
    """
    from qiskit_ibm_runtime import IBMInputValueError

    if not file.is_file():
        raise FileNotFoundError(f"There is no file {file}.")
    if file.suffix not in (".qasm", ".qpy"):
        raise IBMInputValueError(f"{file} is neither a .qasm nor a .qpy file.")
    try:
        found = _read_qpy(file) if file.suffix == ".qpy" else [_read_qasm(file.read_text("utf-8"))]
    except Exception as error:
        raise IBMInputValueError(
            f"Cannot read {file}: {getattr(error, 'message', None) or error}"
        ) from error
    if not found:
        raise IBMInputValueError(f"{file} contains no circuits.")
    return found


def _read_qpy(file: Path) -> "list[QuantumCircuit]":
    from qiskit import QuantumCircuit, qpy

    with file.open("rb") as opened:
        return [each for each in qpy.load(opened) if isinstance(each, QuantumCircuit)]


def _read_qasm(text: str) -> "QuantumCircuit":
    from qiskit import QuantumCircuit, qasm3

    return qasm3.loads(text) if "OPENQASM 3" in text else QuantumCircuit.from_qasm_str(text)


def _measured(circuit: Any) -> Any:
    if any(instruction.operation.name == "measure" for instruction in circuit.data):
        return circuit
    print_message(f"{circuit.name} has no measurements: measuring all of its qubits.")
    return circuit.measure_all(inplace=False)


def read_values(text: str) -> list[float]:
    """Parse comma-separated numbers.

    Raises:
        IBMInputValueError: If a value is not a number.
    """
    from qiskit_ibm_runtime import IBMInputValueError

    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise IBMInputValueError(
            f"Invalid --parameters {text!r}: expected comma-separated numbers."
        ) from None
