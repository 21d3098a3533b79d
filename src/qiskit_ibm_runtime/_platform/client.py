"""Client of the platform with the interface of the V1 ``RuntimeClient``."""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from qiskit_ibm_runtime._primitives.sent_inputs import as_sent
from qiskit_ibm_runtime.api.clients.runtime import RuntimeClient
from qiskit_ibm_runtime.api.clients.submission import submit_once
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.http.download import LONGEST_RESULT, download, is_safe
from qiskit_ibm_runtime.api.session import RetrySession
from qiskit_ibm_runtime.exceptions import IBMInputValueError, IBMRuntimeError

from . import approximations, executor, primitives
from .backend_documents import backend_names
from .device import Device
from .job_records import is_v2_params, restore_circuit_tags, v1_metrics
from .polling import PollingStream
from .rate_limits import RateLimitRetryPolicy, submit_rate_limiter
from .recipe import Recipe, recipe_in_params
from .rest import Platform, Submits, as_text
from .results import to_v1
from .retired_backends import backend_substitutes, retirement_hint
from .urls import api_version
from .workload import read_workload

if TYPE_CHECKING:
    from datetime import datetime as python_datetime

    from qiskit_ibm_runtime.api.rest.runtime import JobRequest

    from .connection import PlatformParameters
    from .workload import Workload

TRANSPORT_VARIABLE = "QISKIT_IBM_PLATFORM_TRANSPORT"
ENCODING_VARIABLE = "QISKIT_IBM_PLATFORM_ENCODING"
PRIMITIVES, EXECUTOR = "primitives", "executor"
_MOST_RECIPES = 10_000
_LONGEST_LINK = 16_384
# Error codes for a program that does not exist or no longer accepts our params.
_RETIRED_PROGRAM_CODES = {1211, 1220, 1513}
_NO_DEDICATED_SESSIONS = 1352


class _Submission(NamedTuple):
    """A program to submit, its params, and the recipe for reading its result."""

    program: str
    params: dict[str, Any]
    recipe: Recipe | None

    def body(self, optional: dict[str, Any]) -> dict[str, Any]:
        """Return the request body, including the optional fields that are set."""
        fields = {key: value for key, value in optional.items() if value}
        return {"program_id": self.program, **fields, "params": self.params}


class PlatformClient(RuntimeClient):
    """Send the calls of a V1 client to the current platform.

    Args:
        params: Connection parameters of the client.
    """

    def __init__(self, params: PlatformParameters) -> None:
        arguments = params.session_parameters(params.get_auth_handler())
        arguments["policy"] = arguments.get("policy") or RateLimitRetryPolicy()
        self._session = RetrySession(params.get_runtime_api_base_url(), **arguments)
        self._session.headers["IBM-API-Version"] = api_version()
        self._api: Platform = Platform(self._session)
        self._limits = {}
        self._crn = params.instance
        self._submit_limiter = submit_rate_limiter(self._session.base_url)
        self._lock = threading.Lock()
        self._configurations: dict[str, dict[str, Any]] = {}
        self._properties: dict[str, dict[str, Any]] = {}
        self._devices: dict[str, Device] = {}
        self._recipes: OrderedDict[str, Recipe] = OrderedDict()
        self._primitives_retired = False

    # Devices

    def list_backends(self, hgp: str | None = None) -> list[str]:
        """List the names of the backends."""
        return backend_names(self._api.backends())

    def name_today(self, backend_name: Any) -> Any:
        """Return the name of a backend, or of the user's substitute for it."""
        return backend_substitutes().get(backend_name, backend_name)

    def why_missing(self, backend_name: Any) -> str:
        """Explain why a retired backend is missing, as text to append to an error."""
        return retirement_hint(str(backend_name or ""))

    def backend_configuration(self, backend_name: str) -> dict[str, Any]:
        """Return the configuration of a backend as a V1 document."""
        found = self._api.backend(backend_name).configuration()
        with self._lock:
            self._configurations[backend_name] = found
            self._properties.pop(backend_name, None)
            self._devices.pop(backend_name, None)
        return found

    def backend_properties(
        self, backend_name: str, datetime: python_datetime | None = None
    ) -> dict[str, Any]:
        """Return the calibration of a backend as a V1 document; empty if there is none."""
        try:
            found = self._api.backend(backend_name).properties(datetime)
        except RequestsApiError as exc:
            if exc.status_code != 404:
                raise
            found = {}
        if datetime is None:
            with self._lock:
                self._properties[backend_name] = found
                self._devices.pop(backend_name, None)
        return found

    def backend_pulse_defaults(self, backend_name: str) -> dict[str, Any]:
        """Return an empty dict: the platform no longer supports pulses."""
        return {}

    def device(self, backend_name: str) -> Device:
        """Return a device to transpile for, fetching only documents not fetched before."""
        with self._lock:
            found = self._devices.get(backend_name)
            configuration = self._configurations.get(backend_name)
            properties = self._properties.get(backend_name)
        if found is not None:
            return found
        if configuration is None:
            configuration = self.backend_configuration(backend_name)
        if properties is None:
            properties = {} if configuration["simulator"] else self.backend_properties(backend_name)
        with self._lock:
            device = Device(backend_name, configuration, properties)
            return self._devices.setdefault(backend_name, device)

    # Jobs

    def submit(self, request: JobRequest) -> dict[str, Any]:
        """Submit the run of a V1 primitive as a V2 job.

        Returns:
            ``id`` and ``backend`` of the job, and ``session_id`` if it is in a session.

        Raises:
            IBMInputValueError: If the platform cannot run it; raised before submitting.
            RequestsApiError: If the service rejects it.
        """
        submissions, fields = self._prepare(request)
        if request.start_session and request.backend_name:
            session_id = self._open_session(request.backend_name, request.session_time)
            fields["session_id"] = session_id
        self._submit_limiter.wait()
        for submission in submissions[:-1]:
            try:
                return self._submit(submission, fields)
            except RequestsApiError as exc:
                if not _is_retired_program(exc):
                    raise
                self._primitives_retired = True
                approximations.warn_once(
                    f"The platform no longer runs the program {submission.program!r} "
                    f"({exc.message}); using the program 'executor' instead."
                )
        return self._submit(submissions[-1], fields)

    def request_body(self, request: JobRequest) -> dict[str, Any]:
        """Return the body that :meth:`submit` would send first, without opening a session.

        Raises:
            IBMInputValueError: If the platform cannot run it.
        """
        submissions, fields = self._prepare(request)
        return submissions[0].body(fields)

    def _prepare(self, request: JobRequest) -> tuple[list[_Submission], dict[str, Any]]:
        """Return the submissions to try, in order, and the optional fields of each."""
        program_id, params = request.program_id, request.params
        if not request.backend_name:
            raise IBMInputValueError(
                "'backend' is required: give the name of one of service.backends()."
            )
        approximations.check_tags(request.job_tags)
        fields = {
            "backend": request.backend_name,
            "log_level": request.log_level,
            "tags": request.job_tags,
            "cost": approximations.capped_job_seconds(request.max_execution_time),
            "session_id": request.session_id,
        }
        if is_v2_params(params):
            program = "executor" if "quantum_program" in params else program_id
            return [
                _Submission(program, restore_circuit_tags(params), recipe_in_params(params))
            ], fields
        if program_id not in ("sampler", "estimator"):
            raise IBMInputValueError(
                f"IBM Quantum Platform cannot run the program {program_id!r}: it runs only "
                f"primitives. {approximations.EMBEDDED}"
            )
        device = self.device(request.backend_name)
        inputs = as_sent(program_id, params)
        work = read_workload(program_id, inputs, device)
        approximations.warn_of_approximations(inputs, work)
        return self._submissions(work), fields

    def _submissions(self, work: Workload) -> list[_Submission]:
        encoding = _setting(ENCODING_VARIABLE, (primitives.QPY, primitives.QASM3))
        encoding = encoding or primitives.QPY
        transport = _setting(TRANSPORT_VARIABLE, (PRIMITIVES, EXECUTOR))
        if transport is None and self._primitives_retired:
            transport = EXECUTOR
        found = []
        if transport != EXECUTOR:
            found.append(_Submission(work.program, *primitives.build_params(work, encoding)))
        if transport == EXECUTOR or (transport is None and executor.can_run(work)):
            found.append(_Submission(EXECUTOR, *executor.build_params(work, encoding)))
        return found

    def _submit(self, submission: _Submission, fields: dict[str, Any]) -> dict[str, Any]:
        body = submission.body(fields)
        answer = submit_once(Submits(self._session), body, json.dumps(body))
        if submission.recipe is not None:
            self._cache_recipe(answer["id"], submission.recipe)
        return {**answer, "session_id": fields["session_id"]}

    def _cache_recipe(self, job_id: str, recipe: Recipe) -> None:
        with self._lock:
            self._recipes[job_id] = recipe
            while len(self._recipes) > _MOST_RECIPES:
                self._recipes.popitem(last=False)

    def _recipe(self, job_id: str) -> Recipe | None:
        found = self._recipes.get(job_id)
        if found is None:
            found = recipe_in_params(self._api.program_job(job_id).raw().get("params"))
            if found is not None:
                self._cache_recipe(job_id, found)
        return found

    def job_results(self, job_id: str) -> str:
        """Return the result of a job as V1 JSON."""
        text = self._follow_link(self._api.program_job(job_id).results())
        return to_v1(text, self._recipe(job_id)) if text.lstrip()[:1] == "{" else text

    def _follow_link(self, text: str) -> str:
        """Download the result if the response is a link to it, else return the response."""
        if len(text) > _LONGEST_LINK or '"url"' not in text:
            return text
        try:
            url = json.loads(text).get("url")
        except (ValueError, AttributeError):
            return text
        if not isinstance(url, str):
            return text
        if not is_safe(url, self._session.base_url):
            raise IBMRuntimeError(
                "The service stored the result at a URL that is not safe to download from. "
                "Report this to the operator of the service."
            )
        content: Any = download(self._session, url, LONGEST_RESULT)
        return as_text(content) if isinstance(content, bytes) else str(content)

    def job_interim_results(self, job_id: str) -> str:
        """Raise an error: the platform has no interim results.

        Raises:
            IBMRuntimeError: Always.
        """
        raise IBMRuntimeError(
            "IBM Quantum Platform has no interim results: it returns only the final result of a "
            "job. channel='local' has them."
        )

    def job_metadata(self, job_id: str) -> dict[str, Any]:
        """Return the metrics of a job, including the entries that V1 had."""
        return v1_metrics(super().job_metadata(job_id))

    def new_stream(self, params: Any, job_id: str, messages: Any) -> PollingStream:
        """Return a stream of a job that is fed by polling."""
        if messages is not None:
            approximations.warn_once(
                "The platform has no interim results: callbacks are called once, with the final "
                "result."
            )
        return PollingStream(params, job_id, messages, self.job_state, self.job_results)

    # Sessions

    def _open_session(self, backend: str, seconds: int | None) -> str | None:
        try:
            return self._api.open_session("dedicated", backend, self._crn, seconds)
        except RequestsApiError as exc:
            if _code(exc) != _NO_DEDICATED_SESSIONS:
                raise
        approximations.warn_once(
            "The plan of this service instance does not allow dedicated sessions: opening a batch "
            "instead, whose jobs may wait for those of other users."
        )
        try:
            return self._api.open_session("batch", backend, self._crn, seconds)
        except RequestsApiError as exc:
            if not 400 <= exc.status_code < 500 or exc.status_code == 429:
                raise
            approximations.warn_once(
                f"The service refused to open a batch as well ({exc.message}): each job runs on "
                "its own."
            )
        return None

    def close_session(self, session_id: str) -> None:
        """Close a session; its queued jobs still run."""
        self._api.platform_session(session_id).close()

    # Programs

    def _no_programs(self, *_: Any, **__: Any) -> Any:
        raise IBMRuntimeError(
            "IBM Quantum Platform has no programs to list, upload or change: it runs only "
            "primitives. channel='local' runs programs on this machine, without an account."
        )

    list_programs = program_create = program_get = _no_programs
    set_program_visibility = program_delete = program_update = _no_programs


def _setting(variable: str, allowed: tuple[str, ...]) -> str | None:
    value = os.environ.get(variable, "").strip().lower()
    if not value:
        return None
    if value not in allowed:
        raise IBMInputValueError(f"{variable} is {value!r}; set it to {' or '.join(allowed)}.")
    return value


def _code(error: RequestsApiError) -> int | None:
    code = str(error.failure.code if error.failure is not None else "")
    return int(code) if code.isdecimal() else None


def _is_retired_program(error: RequestsApiError) -> bool:
    """Whether an error says that the program itself is no longer available."""
    if error.status_code not in (400, 403, 404, 409, 410, 422):
        return False
    text = error.message.lower()
    words = ("no longer", "not found", "deprecated", "retired", "removed", "not supported")
    return _code(error) in _RETIRED_PROGRAM_CODES or (
        "program" in text and any(word in text for word in words)
    )
