"""One job on the service."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Callable

import requests
from qiskit.providers import JobV1
from qiskit.providers.jobstatus import JOB_FINAL_STATES, JobStatus

from .api.clients.base import WebsocketClientCloseCode
from .api.clients.runtime_ws import RuntimeWebsocketClient
from .api.exceptions import RequestsApiError
from .constants import DEFAULT_DECODERS
from .exceptions import (
    IBMRuntimeError,
    RuntimeInvalidStateError,
    RuntimeJobFailureError,
    RuntimeJobMaxTimeoutError,
)
from .job.state import RAN_TOO_LONG, JobState, failure_text, read_state
from .job.streaming import ResultStream
from .job.waiting import wait_until_final
from .program.result_decoder import ResultDecoder
from .utils.converters import utc_to_local
from .utils.json import RuntimeDecoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from queue import Queue

    from .qiskit_runtime_service import QiskitRuntimeService

logger = logging.getLogger(__name__)

# A result kept elsewhere is a short object that holds nothing but its address; longer texts are
# not even looked at, so a large result is parsed once.
LONGEST_LINK = 16_384
EXTERNAL_TIMEOUT = 60


class RuntimeJob(JobV1):  # type: ignore[misc]  # terra ships no types
    """A submitted program: its status, its messages, its result.

    Jobs are made by :meth:`QiskitRuntimeService.run`, by the primitives, and by
    :meth:`QiskitRuntimeService.job` for jobs of the past.

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService

        service = QiskitRuntimeService(channel="local")
        options = {"backend": "ibmq_qasm_simulator"}
        job = service.run("hello-world", inputs={"iterations": 2}, options=options)
        print(job.job_id(), job.result(timeout=60), job.interim_results())
    """

    def __init__(
        self,
        backend: Any,
        api_client: Any,
        client_params: Any,
        job_id: str,
        program_id: str,
        service: QiskitRuntimeService,
        params: dict[str, Any] | None = None,
        creation_date: str | None = None,
        user_callback: Callable[..., Any] | None = None,
        result_decoder: Any = None,
        image: str | None = "",
        session_id: str | None = None,
        tags: list[str] | None = None,
        *,
        encoded_params: Any = None,
        find_backend: Callable[[], Any] | None = None,
    ) -> None:
        """Make the handle of a job; nothing is sent, unless there is a callback to stream to.

        Args:
            backend: The backend; asked for when it is looked at, if ``None``.
            api_client: What talks to the service.
            client_params: How to reach it, for the stream.
            job_id: The job.
            program_id: Its program.
            service: The service it belongs to.
            params: Inputs of the program.
            creation_date: When the job was made, in ISO format.
            user_callback: Called with job id and message for each message of the job.
            result_decoder: One decoder, or a pair for messages and result.
            image: Image the job runs on.
            session_id: Session the job is in.
            tags: Words to find the job by.
            encoded_params: Inputs as the service sent them; decoded when they are looked at.
            find_backend: Called for the backend when it is looked at, if ``backend`` is ``None``.

        Raises:
            ValueError: If ``result_decoder`` is a sequence of another length than two.
        """
        super().__init__(backend=backend, job_id=job_id)
        self._api_client = api_client
        self._client_params = client_params
        self._service = service
        self._program_id = program_id
        self._params = params
        self._encoded_params = encoded_params
        self._backend: Any = backend
        self._find_backend = find_backend
        self._creation_date = creation_date
        self._image = image
        self._session_id = session_id
        self._tags = tags
        self._interim_decoder, self._final_decoder = _decoders(
            result_decoder or DEFAULT_DECODERS.get(program_id, ResultDecoder)
        )
        self._status = JobStatus.INITIALIZING
        self._reason: str | None = None
        self._error_message: str | None = None
        self._result_text: str | None = None
        self._decoded: dict[Any, Any] = {}
        self._interim_text: str | None = None
        self._stream: ResultStream | None = None
        self._ws_client = self._new_client()
        if user_callback is not None:
            self.stream_results(user_callback)

    def status(self) -> JobStatus:
        """Return the status; asked of the service until it is final.

        Raises:
            IBMError: If the service uses an unknown status.
            RequestsApiError: If the request fails.
        """
        self._refresh()
        return self._status

    def error_message(self) -> str | None:
        """Return why the job failed, with the remote traceback; ``None`` if it did not fail."""
        self._refresh()
        return self._error_message

    def wait_for_final_state(self, timeout: float | None = None) -> None:
        """Wait until the job has ended.

        Args:
            timeout: Seconds to wait at most; without limit by default.

        Raises:
            RuntimeJobTimeoutError: If the time is over first; the job goes on.
        """
        wait_until_final(self.job_id(), self._is_final, self._stream_for_waiting, timeout)

    def result(self, timeout: float | None = None, decoder: Any = None) -> Any:
        """Wait for the job and return its result.

        The text of the result is fetched once and kept; each decoder is applied to it once.

        Args:
            timeout: Seconds to wait at most; without limit by default.
            decoder: Class with a ``decode`` method; by default the one of the job.

        Raises:
            RuntimeJobFailureError: If the job failed.
            RuntimeJobMaxTimeoutError: If the service stopped it because it ran too long.
            RuntimeInvalidStateError: If it was cancelled.
            RuntimeJobTimeoutError: If ``timeout`` is over first; the job goes on.
        """
        decoder = decoder or self._final_decoder
        if self._result_text is None:
            self.wait_for_final_state(timeout=timeout)
            self._check_success()
            self._result_text = self._resolved(self._api_client.job_results(job_id=self.job_id()))
        if decoder not in self._decoded:
            text = self._result_text
            self._decoded[decoder] = decoder.decode(text) if text else None
        return self._decoded[decoder]

    def interim_results(self, decoder: Any = None) -> Any:
        """Return what the program published so far.

        Args:
            decoder: Class with a ``decode`` method; by default the one of the job.
        """
        text = self._interim_text
        if text is None:
            # The status is asked first: what is published until the end is complete then.
            final = self._is_final()
            text = self._api_client.job_interim_results(job_id=self.job_id())
            if final:
                self._interim_text = text
        return (decoder or self._interim_decoder).decode(text)

    def stream_results(self, callback: Callable[..., Any], decoder: Any = None) -> None:
        """Call back with each message of the job, interim and final, as it comes.

        Args:
            callback: Called with job id and decoded message, in a thread of its own.
            decoder: Class with a ``decode`` method; by default the one for interim results.

        Raises:
            RuntimeInvalidStateError: If the job is known to have ended, or streams already.
        """
        if self._status in JOB_FINAL_STATES:
            raise RuntimeInvalidStateError(f"Job {self.job_id()} is already finished.")
        if self._stream is not None and self._stream.active:
            raise RuntimeInvalidStateError(f"Job {self.job_id()} is already streaming results.")
        chosen = decoder or self._interim_decoder
        self._stream = ResultStream(
            self.job_id(),
            self._new_client,
            lambda message: chosen.decode(self._resolved(message)),
            callback,
        )
        self._ws_client = self._stream.client

    def cancel_result_streaming(self) -> None:
        """Stop calling back; without a stream nothing happens."""
        if self._stream is not None:
            self._stream.client.disconnect(WebsocketClientCloseCode.CANCEL)

    def cancel(self) -> None:
        """Cancel the job.

        Raises:
            RuntimeInvalidStateError: If it has ended.
            IBMRuntimeError: If the request fails otherwise.
        """
        try:
            self._api_client.job_cancel(self.job_id())
        except RequestsApiError as exc:
            if exc.status_code == 409:
                raise RuntimeInvalidStateError(
                    f"Job {self.job_id()} cannot be cancelled: {exc.message}", failure=exc.failure
                ) from None
            raise IBMRuntimeError(
                f"Failed to cancel job: {exc.message}", failure=exc.failure
            ) from None
        self.cancel_result_streaming()
        self._status = JobStatus.CANCELLED

    def logs(self) -> str:
        """Return the log of the job; complete only once it has ended.

        Raises:
            IBMRuntimeError: If the request fails.
        """
        if not self._is_final():
            logger.warning("Job logs are only available after the job finishes.")
        try:
            return str(self._api_client.job_logs(self.job_id()))
        except RequestsApiError as exc:
            if exc.status_code == 404:
                return ""
            raise IBMRuntimeError(
                f"Failed to get job logs: {exc.message}", failure=exc.failure
            ) from None

    def metrics(self) -> dict[str, Any]:
        """Return what the service measured: moments under ``timestamps``, and more.

        Raises:
            IBMRuntimeError: If the request fails.
        """
        try:
            metrics: dict[str, Any] = self._api_client.job_metadata(self.job_id())
        except RequestsApiError as exc:
            raise IBMRuntimeError(
                f"Failed to get job metadata: {exc.message}", failure=exc.failure
            ) from None
        return metrics

    def submit(self) -> None:
        """Not possible for a job of the service.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            "job.submit() is not supported. Please use QiskitRuntimeService.run() to submit a job."
        )

    def backend(self) -> Any:
        """Return the backend of the job; ``None`` if the service names none.

        Raises:
            IBMRuntimeError: If the request fails.
        """
        if self._backend is None and self._find_backend is not None:
            return self._find_backend()
        if self._backend is None:
            try:
                name = self._record().get("backend")
            except RequestsApiError as exc:
                raise IBMRuntimeError(
                    f"Failed to get job backend: {exc.message}", failure=exc.failure
                ) from None
            backend: Any = self._service.backend(name) if name else None
            self._backend = backend
        return self._backend

    @property
    def image(self) -> str | None:
        """Image the job runs on."""
        return self._image

    @property
    def inputs(self) -> dict[str, Any]:
        """Inputs of the program, decoded when first looked at.

        Raises:
            DecodeError: If they cannot be decoded here.
        """
        if not self._params:
            encoded = self._encoded_params
            if not encoded:
                encoded = self._record().get("params")
            self._params = _decoded_inputs(encoded)
        return self._params

    @property
    def program_id(self) -> str:
        """Program of the job."""
        return self._program_id

    @property
    def session_id(self) -> str | None:
        """Session the job is in; ``None`` if it is in none."""
        if not self._session_id:
            self._session_id = self._record().get("session_id")
        return self._session_id

    @property
    def tags(self) -> list[str]:
        """Words to find the job by."""
        if self._tags is None:
            self._tags = self._record().get("tags") or []
        return self._tags

    @property
    def creation_date(self) -> datetime | None:
        """When the job was made, in local time; ``None`` if the service does not say."""
        if not self._creation_date:
            self._creation_date = self._record().get("created")
        return utc_to_local(self._creation_date) if self._creation_date else None

    def _is_final(self) -> bool:
        return self.status() in JOB_FINAL_STATES

    def _refresh(self) -> None:
        if self._status in JOB_FINAL_STATES:
            return
        ask = getattr(self._api_client, "job_state", self._api_client.job_get)
        state = read_state(ask(job_id=self.job_id()))
        if state.status is JobStatus.ERROR:
            self._note_failure(state)
        self._status = state.status

    def _note_failure(self, state: JobState) -> None:
        text = self._resolved(self._api_client.job_results(job_id=self.job_id()))
        self._error_message = failure_text(self.job_id(), state, text)
        self._reason = RAN_TOO_LONG if state.ran_too_long else state.reason

    def _check_success(self) -> None:
        if self._status is JobStatus.ERROR:
            message = self._error_message or ""
            if self._reason == RAN_TOO_LONG:
                raise RuntimeJobMaxTimeoutError(message)
            raise RuntimeJobFailureError(f"Unable to retrieve job result. {message}")
        if self._status is JobStatus.CANCELLED:
            raise RuntimeInvalidStateError(
                f"Unable to retrieve the result of job {self.job_id()}. Job was cancelled."
            )

    def _resolved(self, text: str) -> str:
        """The text itself, or the one that it says is kept elsewhere."""
        link = _link(text)
        if link is None:
            return text
        if hasattr(self._api_client, "external_result"):
            return str(self._api_client.external_result(link))
        content = requests.get(link, timeout=EXTERNAL_TIMEOUT).content
        return content.decode("utf-8") if isinstance(content, bytes) else content

    def _record(self) -> dict[str, Any]:
        record: dict[str, Any] = self._api_client.job_get(job_id=self.job_id())
        return record

    def _new_client(self, messages: Queue[Any] | None = None) -> RuntimeWebsocketClient:
        return RuntimeWebsocketClient(
            self._client_params.get_runtime_api_base_url(),
            self._client_params,
            self.job_id(),
            messages,
        )

    def _stream_for_waiting(self) -> RuntimeWebsocketClient:
        client = self._new_client()
        if self._stream is None or not self._stream.active:
            self._ws_client = client
        return client

    def __repr__(self) -> str:
        return f"<RuntimeJob('{self.job_id()}', '{self._program_id}')>"

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_stream", "_ws_client")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._stream = None
        self._ws_client = self._new_client()


def _decoders(given: Any) -> Sequence[Any]:
    if isinstance(given, (list, tuple)):
        if len(given) != 2:
            raise ValueError(
                "If 'result_decoder' is a sequence, it must have exactly two elements: "
                f"for interim results and for the final one, not {len(given)}."
            )
        return given
    return given, given


def _link(text: str) -> str | None:
    if len(text) > LONGEST_LINK or '"url"' not in text:
        return None
    try:
        data = json.loads(text)
    except ValueError:
        return None
    if isinstance(data, dict) and set(data) == {"url"} and isinstance(data["url"], str):
        return data["url"]
    return None


def _decoded_inputs(encoded: Any) -> dict[str, Any]:
    if isinstance(encoded, list):
        encoded = encoded[0] if encoded else {}
    text = encoded if isinstance(encoded, str) else json.dumps(encoded or {})
    inputs: dict[str, Any] = json.loads(text, cls=RuntimeDecoder)
    return inputs
