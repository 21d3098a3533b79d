"""Sending a program to the service: what a user gives, checked and completed, becomes a job."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, cast

from qiskit.providers.exceptions import QiskitBackendNotFoundError

from .checks import check_callback, check_id, check_kind, choices, shown
from .exceptions import IBMInputValueError
from .ibm_backend import IBMBackend
from .job.decoding import decoder_pair
from .refusals import NO_SUCH_PROGRAM, explained
from .runtime_job import RuntimeJob
from .runtime_options import RuntimeOptions
from .runtime_program import ParameterNamespace
from .utils.blame import users_line
from .utils.deprecation import issue_deprecation_msg

if TYPE_CHECKING:
    from .qiskit_runtime_service import QiskitRuntimeService

DEPRECATED_PROGRAMS = [
    "torch-train",
    "torch-infer",
    "sample-expval",
    "quantum_kernal_alignment",
    "sample-program",
]
# The list above is public, with a misspelt entry; this is the program that it means.
_MEANT = "quantum-kernel-alignment"


def submit(
    service: QiskitRuntimeService,
    program_id: str,
    inputs: Any,
    options: RuntimeOptions,
    *,
    callback: Any = None,
    result_decoder: Any = None,
    session_id: str | None = None,
    start_session: bool | None = False,
) -> RuntimeJob:
    """Run a program; see :meth:`QiskitRuntimeService.run`.

    Once the service has accepted the job, nothing here raises any more: a job that runs is not
    lost for its user.
    """
    _check_arguments(program_id, callback, result_decoder, session_id, start_session)
    inputs = read_inputs(inputs)
    options.validate(channel=service.channel)
    instance = _instance_for(service, options)
    backend_name = cast("str | None", options.backend)  # see read_options
    _warn_of_program(program_id)
    with explained("Failed to run program", NO_SUCH_PROGRAM):
        response = service._api_client.program_run(
            program_id=program_id,
            backend_name=backend_name,
            params=inputs,
            image=options.image,
            hgp=instance,
            # Names of levels are taken in any case; the service knows those in capitals.
            log_level=options.log_level.upper() if options.log_level else None,
            session_id=session_id,
            job_tags=options.job_tags,
            max_execution_time=options.max_execution_time,
            start_session=start_session,
            session_time=options.session_time,
        )
    job_id: str = response["id"]
    return RuntimeJob(
        backend=None,
        api_client=service._api_client,
        client_params=service._client_params,
        job_id=job_id,
        program_id=program_id,
        params=inputs,
        user_callback=callback,
        result_decoder=result_decoder,
        image=options.image,
        service=service,
        session_id=job_id if start_session else session_id,
        tags=list(options.job_tags or []),
        place={"backend": response.get("backend"), **_parts(instance)},
    )


def read_options(options: Any) -> RuntimeOptions:
    """Return a copy of the options of a run, which may come as a dict; a backend becomes its name.

    Raises:
        TypeError: If a dict holds an unknown option.
        IBMInputValueError: If the options are of another type.
    """
    check_kind("options", options, (dict, RuntimeOptions), "a dict or a RuntimeOptions")
    if isinstance(options, RuntimeOptions):
        chosen = copy.copy(options)
    else:
        chosen = RuntimeOptions(**(options or {}))
    if isinstance(chosen.backend, IBMBackend):
        chosen.instance = chosen.instance or chosen.backend._instance
        chosen.backend = chosen.backend.name
    return chosen


def read_inputs(inputs: Any) -> dict[str, Any]:
    """Return the inputs of a program as a dict.

    What is not set on a form is left out, so that the program's own default holds.

    Raises:
        IBMInputValueError: If they are of another type, or a required one is missing.
    """
    if isinstance(inputs, ParameterNamespace):
        ParameterNamespace.validate(inputs)
        return {name: value for name, value in vars(inputs).items() if value is not None}
    if not isinstance(inputs, dict):
        raise IBMInputValueError(
            "'inputs' has to be a dict or the filled-in form from program.parameters(), "
            f"not {shown(inputs)}."
        )
    for name in inputs:
        if not isinstance(name, str):
            raise IBMInputValueError(f"The name of each input has to be a text, not {name!r}.")
    return inputs


def _check_arguments(
    program_id: Any, callback: Any, result_decoder: Any, session_id: Any, start_session: Any
) -> None:
    check_id("program_id", program_id, "a program")
    if callback is not None:
        check_callback(callback)
    check_kind("session_id", session_id, str, "the id of a session")
    check_kind("start_session", start_session, bool, "True or False")
    if result_decoder is not None:
        decoder_pair(result_decoder)


def _instance_for(service: QiskitRuntimeService, options: RuntimeOptions) -> str | None:
    if service.channel != "ibm_cloud":
        return service._get_hgp(options.instance, options.backend).name
    if options.backend and options.backend not in service._backends:
        raise QiskitBackendNotFoundError(
            f"No backend matches the criteria: this service instance has no backend "
            f"{options.backend!r}. It has {choices(options.backend, service._backends)}."
        )
    return None


def _parts(instance: str | None) -> dict[str, str]:
    return dict(zip(("hub", "group", "project"), instance.split("/"))) if instance else {}


def _warn_of_program(program_id: str) -> None:
    if program_id in DEPRECATED_PROGRAMS or program_id == _MEANT:
        issue_deprecation_msg(
            f"The program {program_id!r} is deprecated",
            "0.9",
            "Run a primitive, or a program of your own, instead.",
            stacklevel=users_line(),
        )
