"""Submission of programs: validation of arguments, the request, and creation of the job."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable

from qiskit_ibm_runtime._backends.instances import instance_for, name_today, service_for
from qiskit_ibm_runtime.api.exceptions import NO_SUCH_PROGRAM, translate_errors
from qiskit_ibm_runtime.api.rest.runtime import JobRequest
from qiskit_ibm_runtime.ibm_backend import IBMBackend
from qiskit_ibm_runtime.program.result_decoder import decoder_pair
from qiskit_ibm_runtime.runtime_job import RuntimeJob
from qiskit_ibm_runtime.runtime_options import RuntimeOptions, SecondsOfSession
from qiskit_ibm_runtime.runtime_program import ParameterNamespace
from qiskit_ibm_runtime.utils.arguments import (
    must_be,
    optional_text,
    required_id,
    seconds,
)
from qiskit_ibm_runtime.utils.deprecation import caller_stacklevel, issue_deprecation_msg
from qiskit_ibm_runtime.utils.json import RuntimeDecoder, RuntimeEncoder

from .journal import note
from .streaming import check_callback

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit_ibm_runtime.program.result_decoder import Decoder
    from qiskit_ibm_runtime.qiskit_runtime_service import QiskitRuntimeService

DEPRECATED_PROGRAMS = [
    "torch-train",
    "torch-infer",
    "sample-expval",
    "quantum_kernal_alignment",
    "sample-program",
]
# The public list above misspells this program.
_KERNEL_ALIGNMENT = "quantum-kernel-alignment"


@dataclass(frozen=True)
class DryRun:
    """A validated request of a job that was not submitted.

    .. versionadded:: 0.9.3+embedded.1

    .. code-block:: python

        from qiskit import QuantumCircuit
        from qiskit_ibm_runtime import QiskitRuntimeService, Sampler

        bell = QuantumCircuit(2)
        bell.h(0)
        bell.cx(0, 1)
        bell.measure_all()

        service = QiskitRuntimeService(channel="local")
        sampler = Sampler(session=service.backend("ibmq_qasm_simulator"))
        print(sampler.run(bell, shots=100, dry_run=True))

    Attributes:
        text: Body of the request as JSON.
        size: Size of the body in bytes, before compression.
    """

    text: str = field(repr=False)
    size: int

    @classmethod
    def of(cls, body: dict[str, Any]) -> DryRun:
        """Encode the body of a request.

        Args:
            body: Return value of ``RuntimeClient.request_body``.
        """
        text = json.dumps(body, cls=RuntimeEncoder)
        return cls(text, len(text.encode()))

    @property
    def request(self) -> dict[str, Any]:
        """All fields of the request, with encoded inputs."""
        return json.loads(self.text)  # type: ignore[no-any-return]

    @property
    def inputs(self) -> dict[str, Any]:
        """Program inputs as the service would decode them."""
        params = json.dumps(self.request["params"])
        return json.loads(params, cls=RuntimeDecoder)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        request = self.request
        where = {name: value for name, value in request.items() if name != "params"}
        names = ", ".join(request["params"])
        return f"dry run of {self.size} bytes: {where}, inputs: {names}"


def run_program(
    service: QiskitRuntimeService,
    program_id: str,
    inputs: dict[str, Any] | ParameterNamespace | None,
    options: RuntimeOptions,
    *,
    callback: Callable[..., Any] | None = None,
    result_decoder: Decoder | Sequence[Decoder] | None = None,
    session_id: str | None = None,
    start_session: bool | None = False,
    dry_run: bool = False,
) -> RuntimeJob | DryRun:
    """Run a program; see :meth:`QiskitRuntimeService.run`.

    Once the service has accepted the job, nothing here raises, so that no submitted job is lost.
    """
    program_id = required_id("program_id", program_id)
    if callback:
        check_callback(callback)
    if result_decoder:
        decoder_pair(result_decoder)
    inputs = read_inputs(inputs)
    service = service_for(service, options.backend) or service
    options.validate(channel=service.channel)
    backend_name, hgp = options.backend, options.instance
    if isinstance(backend_name, IBMBackend):
        backend_name, hgp = backend_name.name, hgp or backend_name._instance
    backend_name = name_today(service, backend_name)
    instance = instance_for(service, hgp, backend_name)
    _warn_of_program(program_id)
    request = JobRequest(
        program_id=program_id,
        backend_name=backend_name,
        params=inputs,
        image=options.image,
        hgp=instance,
        # Level names are accepted in any case; the service requires upper case.
        log_level=options.log_level.upper() if options.log_level else None,
        session_id=optional_text(session_id),
        job_tags=options.job_tags,
        max_execution_time=seconds("max_execution_time", options.max_execution_time),
        start_session=bool(start_session),
        session_time=seconds("session_time", options.session_time),
    )
    if dry_run:
        return DryRun.of(service._api_client.request_body(request))
    with translate_errors("Failed to run program", NO_SUCH_PROGRAM):
        response = service._api_client.program_run(**vars(request))
    job_id: str = response["id"]
    job = RuntimeJob(
        backend=None,
        api_client=service._api_client,
        client_params=service._client_params,
        job_id=job_id,
        program_id=program_id,
        params=inputs,
        user_callback=callback or None,
        result_decoder=result_decoder,
        image=options.image,
        service=service,
        # If sessions are opened separately, the response has their id; otherwise it is the job's.
        session_id=request.session_id
        or ((response.get("session_id", job_id) or "") if start_session else None),
        tags=list(options.job_tags or []),
        place={"backend": response.get("backend"), **_parts(instance)},
    )
    note(service, job)
    return job


def read_options(options: RuntimeOptions | dict[str, Any] | None) -> RuntimeOptions:
    """Return a copy of the options of a run.

    Raises:
        TypeError: If a dict contains an unknown option.
        IBMInputValueError: If the options have another type.
    """
    options = options or {}
    if isinstance(options, RuntimeOptions):
        chosen = copy.copy(options)
    elif isinstance(options, dict):
        chosen = RuntimeOptions(**options)
    else:
        raise must_be("options", "a dict or a RuntimeOptions", options)
    if isinstance(chosen.session_time, SecondsOfSession):
        chosen.session_time = None
    return chosen


def read_inputs(inputs: Any) -> dict[str, Any] | None:
    """Return the inputs of a program as a dict, or ``None`` for a program without inputs.

    Unset attributes of a namespace are omitted, so that the program's defaults apply.

    Raises:
        IBMInputValueError: If the inputs have another type, or a required one is missing.
    """
    if isinstance(inputs, ParameterNamespace):
        ParameterNamespace.validate(inputs)
        return {name: value for name, value in vars(inputs).items() if value is not None}
    if inputs is None:
        return None
    if not isinstance(inputs, dict):
        raise must_be("inputs", "a dict or a namespace from program.parameters()", inputs)
    return dict(inputs)


def _parts(instance: str | None) -> dict[str, str]:
    return dict(zip(("hub", "group", "project"), instance.split("/"))) if instance else {}


def _warn_of_program(program_id: str) -> None:
    if program_id in DEPRECATED_PROGRAMS or program_id == _KERNEL_ALIGNMENT:
        issue_deprecation_msg(
            f"The program {program_id!r} is deprecated",
            "0.9",
            "Run a primitive or a custom program instead.",
            stacklevel=caller_stacklevel(),
        )
