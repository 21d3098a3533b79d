"""Notebook representations of services, backends, jobs and sessions.

Only the calibration of a backend may need a request, and the backend caches it. Everything else
comes from the state of the object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.exceptions import QiskitError
from qiskit.providers.jobstatus import JobStatus

from qiskit_ibm_runtime.api.http.redaction import redact
from qiskit_ibm_runtime.utils.converters import utc_to_local

from .calibration import calibrated_at, edge_errors, median_errors, readout_errors
from .coupling import MAX_QUBITS, coupling_svg
from .html import Markup, card, details, muted, table, to_html
from .masking import mask_fields

if TYPE_CHECKING:
    from qiskit_ibm_runtime.ibm_backend import IBMBackend
    from qiskit_ibm_runtime.qiskit_runtime_service import QiskitRuntimeService
    from qiskit_ibm_runtime.runtime_job import RuntimeJob
    from qiskit_ibm_runtime.session import Session

_MOST_NAMES = 12


def service_card(service: QiskitRuntimeService) -> str:
    """Render a service: URL, account and backends."""
    account = mask_fields(service._account.to_saved_format())
    names = sorted(service._backends)
    shown = ", ".join(names[:_MOST_NAMES])
    rest = len(names) - _MOST_NAMES
    more = Markup(f"{to_html(shown)} {muted(f'and {rest} more')}") if rest > 0 else shown
    instances = list(getattr(service, "_hgps", None) or ()) or account.get("instance")
    return card(
        type(service).__name__,
        service.channel,
        {"url": account.get("url"), "instances": instances, f"{len(names)} backends": more},
    )


def backend_card(backend: IBMBackend) -> str:
    """Render a backend: size, median errors, and coupling map colored by error."""
    try:
        properties = backend.properties()
    except QiskitError:  # show the rest without a calibration
        properties = None
    errors = median_errors(properties)
    facts = {
        "qubits": backend.num_qubits,
        "simulator": backend.simulator,
        "instance": backend._instance,
        "basis gates": getattr(backend, "basis_gates", None),
        "max circuits, shots": _pair(backend.max_circuits, getattr(backend, "max_shots", None)),
        **{f"median {name.replace('_', ' ')}": value for name, value in errors.items()},
        "calibrated": calibrated_at(properties),
    }
    return card(type(backend).__name__, backend.name, facts, _coupling(backend, properties))


def job_card(job: RuntimeJob) -> str:
    """Render a job without requests, using the last status that was fetched."""
    if job._status is JobStatus.INITIALIZING:
        status = muted("not fetched yet; call job.status()")
    else:
        status = to_html(job._status.name)
    failure = job._error_message or job._state.reason
    more = [details("error", _pre(failure))] if failure else []
    facts = {
        "program": job.program_id,
        "backend": job._place.get("backend"),
        "status": status,
        "created": _moment(job._creation_date),
        "session": job._session_id,
        "tags": job._tags,
        "image": job.image,
    }
    return card(type(job).__name__, job.job_id(), facts, *more)


def session_card(session: Session) -> str:
    """Render a session: state, backend and limits."""
    facts = {
        "backend": session._backend,
        "state": "open" if session._active else "closed",
        "max time": None if session._max_time is None else f"{session._max_time} s",
        "channel": getattr(session._service, "channel", None),
        "instance": session._instance,
    }
    return card(type(session).__name__, session._session_id or "opened by its first job", facts)


def _moment(time: str | None) -> str | None:
    return f"{utc_to_local(time):%Y-%m-%d %H:%M:%S}" if time else None


def _pair(one: Any, other: Any) -> str | None:
    return None if one is None and other is None else f"{one or 'no limit'}, {other or 'no limit'}"


def _pre(content: str) -> str:
    return f'<pre style="white-space:pre-wrap;margin:.3em 0">{to_html(redact(content))}</pre>'


def _coupling(backend: IBMBackend, properties: Any) -> Markup:
    coupling = backend.coupling_map
    if coupling is None:
        return Markup("")
    if backend.num_qubits > MAX_QUBITS:
        note = f"coupling map of {backend.num_qubits} qubits: call plot_gate_map(backend)"
        return Markup(f"<div>{muted(note)}</div>")
    edges = [(int(one), int(other)) for one, other in coupling.get_edges()]
    drawn = coupling_svg(
        backend.num_qubits, edges, readout_errors(properties), edge_errors(properties)
    )
    return Markup(f'<div style="margin-top:.5em">{drawn}</div>')


def jobs_table(jobs: list[RuntimeJob]) -> str:
    """Render jobs as a table, without requests."""
    rows = [
        (
            job.job_id(),
            job.program_id,
            job._place.get("backend"),
            muted("pending") if job._status is JobStatus.INITIALIZING else job._status.name,
            _moment(job._creation_date),
            job._tags,
        )
        for job in jobs
    ]
    return table(("id", "program", "backend", "status", "created", "tags"), rows, "no jobs")


def accounts_table(accounts: dict[str, dict[str, Any]]) -> str:
    """Render accounts as a table, with their secrets masked."""
    names = ("channel", "instance", "url", "token", "verify")
    rows = [
        (name, *(mask_fields(entry).get(field) for field in names))
        for name, entry in accounts.items()
    ]
    return table(("name", *names), rows, "no saved accounts")
