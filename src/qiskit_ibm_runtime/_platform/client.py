"""Everything the platform can be asked, by the methods of the V1 client."""

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

from . import approximations, executor, primitives, runs
from .addresses import api_version
from .device import Device
from .documents import names_of
from .machines import stand_ins, what_became_of
from .pacing import PatientPolicy, pacer_for
from .recipe import Recipe, recipe_in_params
from .records import is_of_today, metrics_of, sendable
from .rest import Platform, Submits, as_text
from .results import to_v1
from .waiting import Questions

if TYPE_CHECKING:
    from datetime import datetime as python_datetime

    from .parameters import PlatformParameters

TRANSPORT_VARIABLE = "QISKIT_IBM_PLATFORM_TRANSPORT"
ENCODING_VARIABLE = "QISKIT_IBM_PLATFORM_ENCODING"
PRIMITIVES, EXECUTOR = "primitives", "executor"
_MOST_RECIPES = 10_000
_LONGEST_LINK = 16_384
# Codes of a program that is not there, or no longer takes what we send.
_GONE_CODES = {1211, 1220, 1513}
_NO_DEDICATED_SESSIONS = 1352


class _Body(NamedTuple):
    """One way to ask for a job."""

    program: str
    params: dict[str, Any]
    recipe: Recipe | None

    def request(self, others: dict[str, Any]) -> dict[str, Any]:
        """Return the body of the request, with the other fields that are set."""
        fields = {key: value for key, value in others.items() if value}
        return {"program_id": self.program, **fields, "params": self.params}


class PlatformClient(RuntimeClient):
    """One method for each thing that V1 clients ask, answered by today's platform.

    Args:
        params: How to reach it.
    """

    def __init__(self, params: PlatformParameters) -> None:
        arguments = params.session_parameters(params.get_auth_handler())
        arguments["policy"] = arguments.get("policy") or PatientPolicy()
        self._session = RetrySession(params.get_runtime_api_base_url(), **arguments)
        self._session.headers["IBM-API-Version"] = api_version()
        self._api: Platform = Platform(self._session)
        self._limits = {}
        self._crn = params.instance
        self._pacer = pacer_for(self._session.base_url)
        self._lock = threading.Lock()
        self._configurations: dict[str, dict[str, Any]] = {}
        self._properties: dict[str, dict[str, Any]] = {}
        self._devices: dict[str, Device] = {}
        self._recipes: OrderedDict[str, Recipe] = OrderedDict()
        self._primitives_are_gone = False

    # Devices

    def list_backends(self, hgp: str | None = None) -> list[str]:
        """List the names of devices."""
        return names_of(self._api.backends())

    def name_today(self, backend_name: Any) -> Any:
        """Return the name of a device, or of the one that the user lets stand in for it."""
        return stand_ins().get(backend_name, backend_name)

    def why_missing(self, backend_name: Any) -> str:
        """Say what became of a device of earlier years, as an end of a sentence."""
        return what_became_of(str(backend_name or ""))

    def backend_configuration(self, backend_name: str) -> dict[str, Any]:
        """Return the configuration of a device in the form of V1."""
        found = self._api.backend(backend_name).configuration()
        with self._lock:
            self._configurations[backend_name] = found
            self._properties.pop(backend_name, None)
            self._devices.pop(backend_name, None)
        return found

    def backend_properties(
        self, backend_name: str, datetime: python_datetime | None = None
    ) -> dict[str, Any]:
        """Return the calibration of a device in the form of V1; empty if it has none."""
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
        """Return nothing: no device takes pulses any more."""
        return {}

    def device(self, backend_name: str) -> Device:
        """Return a device to transpile for; what is known of it is not asked for again."""
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

    def program_run(
        self,
        program_id: str,
        backend_name: str | None,
        params: dict[str, Any],
        image: str | None,
        hgp: str | None,
        log_level: str | None,
        session_id: str | None,
        job_tags: list[str] | None = None,
        max_execution_time: int | None = None,
        start_session: bool | None = False,
        session_time: int | None = None,
    ) -> dict[str, Any]:
        """Submit the run of a V1 primitive as a job of today.

        Returns:
            ``id`` and ``backend`` of the job, and ``session_id`` if it is in a session.

        Raises:
            IBMInputValueError: If the platform cannot run it; nothing was sent.
            RequestsApiError: If the service refuses it.
        """
        bodies, request = self._prepared(
            program_id,
            backend_name,
            params,
            log_level,
            session_id,
            job_tags,
            max_execution_time,
        )
        if start_session and backend_name:
            request["session_id"] = self._open_session(backend_name, session_time)
        self._pacer.wait()
        for body in bodies[:-1]:
            try:
                return self._submit(body, request)
            except RequestsApiError as exc:
                if not _is_gone(exc):
                    raise
                self._primitives_are_gone = True
                approximations.warn_once(
                    f"The platform no longer runs the program {body.program!r} ({exc.message}); "
                    "the program 'executor' is used instead."
                )
        return self._submit(bodies[-1], request)

    def program_request(
        self,
        program_id: str,
        backend_name: str | None,
        params: dict[str, Any],
        image: str | None,
        hgp: str | None,
        log_level: str | None,
        session_id: str | None,
        job_tags: list[str] | None = None,
        max_execution_time: int | None = None,
        start_session: bool | None = False,
        session_time: int | None = None,
    ) -> dict[str, Any]:
        """Return the request that :meth:`program_run` would send first, but for a new session.

        Raises:
            IBMInputValueError: If the platform cannot run it.
        """
        bodies, request = self._prepared(
            program_id,
            backend_name,
            params,
            log_level,
            session_id,
            job_tags,
            max_execution_time,
        )
        return bodies[0].request(request)

    def _prepared(
        self,
        program_id: str,
        backend_name: str | None,
        params: Any,
        log_level: str | None,
        session_id: str | None,
        job_tags: list[str] | None,
        max_execution_time: int | None,
    ) -> tuple[list[_Body], dict[str, Any]]:
        """Return what may be submitted, in the order in which it is tried, and its other fields."""
        if not backend_name:
            raise IBMInputValueError(
                "'backend' is required: give the name of one of service.backends()."
            )
        approximations.check_tags(job_tags)
        request = {
            "backend": backend_name,
            "log_level": log_level,
            "tags": job_tags,
            "cost": approximations.seconds_of_job(max_execution_time),
            "session_id": session_id,
        }
        if is_of_today(params):
            program = "executor" if "quantum_program" in params else program_id
            return [_Body(program, sendable(params), recipe_in_params(params))], request
        if program_id not in ("sampler", "estimator"):
            raise IBMInputValueError(
                f"IBM's platform of today runs no program {program_id!r}: it takes the primitives "
                f"only. {approximations.EMBEDDED}"
            )
        device = self.device(backend_name)
        inputs = as_sent(program_id, params)
        work = runs.read(program_id, inputs, device)
        approximations.check_and_warn(inputs, work)
        return self._bodies(work), request

    def _bodies(self, work: runs.Work) -> list[_Body]:
        encoding = _setting(ENCODING_VARIABLE, (primitives.QPY, primitives.QASM3))
        encoding = encoding or primitives.QPY
        transport = _setting(TRANSPORT_VARIABLE, (PRIMITIVES, EXECUTOR))
        if transport is None and self._primitives_are_gone:
            transport = EXECUTOR
        found = []
        if transport != EXECUTOR:
            found.append(_Body(work.program, *primitives.params_of(work, encoding)))
        if transport == EXECUTOR or (transport is None and executor.can_run(work)):
            found.append(_Body(EXECUTOR, *executor.params_of(work, encoding)))
        return found

    def _submit(self, body: _Body, request: dict[str, Any]) -> dict[str, Any]:
        sent = body.request(request)
        answer = submit_once(Submits(self._session), sent, json.dumps(sent))
        if body.recipe is not None:
            self._remember(answer["id"], body.recipe)
        return {**answer, "session_id": request["session_id"]}

    def _remember(self, job_id: str, recipe: Recipe) -> None:
        with self._lock:
            self._recipes[job_id] = recipe
            while len(self._recipes) > _MOST_RECIPES:
                self._recipes.popitem(last=False)

    def _recipe(self, job_id: str) -> Recipe | None:
        found = self._recipes.get(job_id)
        if found is None:
            found = recipe_in_params(self._api.program_job(job_id).raw().get("params"))
            if found is not None:
                self._remember(job_id, found)
        return found

    def job_results(self, job_id: str) -> str:
        """Return the result of a job in the form of V1."""
        text = self._resolved(self._api.program_job(job_id).results())
        return to_v1(text, self._recipe(job_id)) if text.lstrip()[:1] == "{" else text

    def _resolved(self, text: str) -> str:
        """Return a text, or what is kept at the address that it holds."""
        if len(text) > _LONGEST_LINK or '"url"' not in text:
            return text
        try:
            url = json.loads(text).get("url")
        except (ValueError, AttributeError):
            return text
        if not isinstance(url, str):
            return text
        if not is_safe(url):
            raise IBMRuntimeError("The result is kept at an address that is not safe to ask.")
        content: Any = download(self._session, url, LONGEST_RESULT)
        return as_text(content) if isinstance(content, bytes) else str(content)

    def job_interim_results(self, job_id: str) -> str:
        """Not possible.

        Raises:
            IBMRuntimeError: Always.
        """
        raise IBMRuntimeError(
            "IBM's platform of today publishes nothing while a job runs: there are no interim "
            "results. channel='local' has them."
        )

    def job_metadata(self, job_id: str) -> dict[str, Any]:
        """Return the metrics of a job, with the entries of V1."""
        return metrics_of(super().job_metadata(job_id))

    def new_stream(self, params: Any, job_id: str, messages: Any) -> Questions:
        """Return what stands in for the stream of a job."""
        if messages is not None:
            approximations.warn_once(
                "The platform publishes nothing while a job runs: callbacks are called once, with "
                "the result."
            )
        return Questions(params, job_id, messages, self.job_state, self.job_results)

    # Sessions

    def _open_session(self, backend: str, seconds: int | None) -> str | None:
        try:
            return self._api.open_session("dedicated", backend, self._crn, seconds)
        except RequestsApiError as exc:
            if _code(exc) != _NO_DEDICATED_SESSIONS:
                raise
        approximations.warn_once(
            "The plan of this service instance allows no session with a device of its own: the "
            "session is a batch instead, whose jobs may wait for those of others."
        )
        try:
            return self._api.open_session("batch", backend, self._crn, seconds)
        except RequestsApiError as exc:
            if not 400 <= exc.status_code < 500 or exc.status_code == 429:
                raise
            approximations.warn_once(
                f"The service opens no batch either ({exc.message}): each job runs by itself."
            )
        return None

    def close_session(self, session_id: str) -> None:
        """Close a session; jobs that wait still run."""
        self._api.platform_session(session_id).close()

    # Programs

    def _no_programs(self, *_: Any, **__: Any) -> Any:
        raise IBMRuntimeError(
            "IBM's platform of today has no programs to list, upload or change: it takes the "
            "primitives only. channel='local' runs programs on this machine, without an account."
        )

    list_programs = program_create = program_get = _no_programs
    set_program_visibility = program_delete = program_update = _no_programs


def _setting(variable: str, allowed: tuple[str, ...]) -> str | None:
    value = os.environ.get(variable, "").strip().lower()
    if not value:
        return None
    if value not in allowed:
        raise IBMInputValueError(f"{variable} is {value!r}; it takes {' or '.join(allowed)}.")
    return value


def _code(error: RequestsApiError) -> int | None:
    code = str(error.failure.code if error.failure is not None else "")
    return int(code) if code.isdecimal() else None


def _is_gone(error: RequestsApiError) -> bool:
    """Whether a refusal says that the program itself is no longer there."""
    if error.status_code not in (400, 403, 404, 409, 410, 422):
        return False
    text = error.message.lower()
    words = ("no longer", "not found", "deprecated", "retired", "removed", "not supported")
    return _code(error) in _GONE_CODES or (
        "program" in text and any(word in text for word in words)
    )
