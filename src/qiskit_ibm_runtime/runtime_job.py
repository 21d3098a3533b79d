"""One job on the service."""

from __future__ import annotations

import json
import logging
import queue
import random
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable

import requests
from qiskit.providers import JobV1
from qiskit.providers.jobstatus import JOB_FINAL_STATES, JobStatus

from .api.clients.base import WebsocketClientCloseCode
from .api.clients.runtime_ws import RuntimeWebsocketClient
from .api.exceptions import ApiError, RequestsApiError
from .constants import API_TO_JOB_ERROR_MESSAGE, API_TO_JOB_STATUS, DEFAULT_DECODERS
from .exceptions import (
    IBMError,
    IBMRuntimeError,
    RuntimeInvalidStateError,
    RuntimeJobFailureError,
    RuntimeJobMaxTimeoutError,
    RuntimeJobTimeoutError,
)
from .program.result_decoder import ResultDecoder
from .utils.converters import utc_to_local
from .utils.json import RuntimeDecoder

if TYPE_CHECKING:
    from .qiskit_runtime_service import QiskitRuntimeService

logger = logging.getLogger(__name__)
_END = object()
RAN_TOO_LONG = "RAN TOO LONG"


class RuntimeJob(JobV1):  # type: ignore[misc]
    """A submitted program: its status, its messages, its result.

    .. code-block:: python

        job = service.run("hello-world", inputs={"iterations": 2}, options={"backend": "ibmq_qasm_simulator"})
        print(job.result())
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
        user_callback: Callable[..., None] | None = None,
        result_decoder: Any = None,
        image: str | None = "",
        session_id: str | None = None,
        tags: list[str] | None = None,
        *,
        encoded_params: Any = None,
    ) -> None:
        super().__init__(backend=backend, job_id=job_id)
        self._api_client, self._client_params, self._service = api_client, client_params, service
        self._program_id, self._image, self._session_id, self._tags = (
            program_id,
            image,
            session_id,
            tags,
        )
        self._params, self._encoded_params = params, encoded_params
        self._creation_date = creation_date
        self._interim_decoder, self._final_decoder = _decoders(
            result_decoder or DEFAULT_DECODERS.get(program_id, ResultDecoder)
        )
        self._status, self._reason, self._error_message = JobStatus.INITIALIZING, None, None
        self._text: str | None = None
        self._decoded: dict[Any, Any] = {}
        self._interim: Any = None
        self._ws_client = self._new_stream(None)
        self._streaming: threading.Thread | None = None
        if user_callback is not None:
            self.stream_results(user_callback)

    def _new_stream(self, messages: Any) -> RuntimeWebsocketClient:
        return RuntimeWebsocketClient(
            self._client_params.get_runtime_api_base_url(),
            self._client_params,
            self.job_id(),
            messages,
        )

    def interim_results(self, decoder: Any = None) -> Any:
        """Return what the program published so far."""
        if self._interim is None:
            final = self.status() in JOB_FINAL_STATES
            text = self._api_client.job_interim_results(job_id=self.job_id())
            if final:
                self._interim = text
        else:
            text = self._interim
        return (decoder or self._interim_decoder).decode(text)

    def result(self, timeout: float | None = None, decoder: Any = None) -> Any:
        """Wait for the job and return its decoded result."""
        decoder = decoder or self._final_decoder
        if self._text is None:
            self.wait_for_final_state(timeout=timeout)
            if self._status is JobStatus.ERROR:
                if self._reason == RAN_TOO_LONG:
                    raise RuntimeJobMaxTimeoutError(self._error_message or "")
                raise RuntimeJobFailureError(
                    f"Unable to retrieve job result. {self._error_message}"
                )
            if self._status is JobStatus.CANCELLED:
                raise RuntimeInvalidStateError(
                    f"Unable to retrieve the result of job {self.job_id()}. Job was cancelled."
                )
            self._text = self._resolve(self._api_client.job_results(job_id=self.job_id()))
        if decoder not in self._decoded:
            self._decoded[decoder] = decoder.decode(self._text) if self._text else None
        return self._decoded[decoder]

    def cancel(self) -> None:
        """Cancel the job."""
        try:
            self._api_client.job_cancel(self.job_id())
        except RequestsApiError as ex:
            if ex.status_code == 409:
                raise RuntimeInvalidStateError(
                    f"Job cannot be cancelled: {ex.message}", failure=ex.failure
                ) from None
            raise IBMRuntimeError(
                f"Failed to cancel job: {ex.message}", failure=ex.failure
            ) from None
        self.cancel_result_streaming()
        self._status = JobStatus.CANCELLED

    def status(self) -> JobStatus:
        """Ask for the status, until it is final."""
        self._refresh()
        return self._status

    def error_message(self) -> str | None:
        """Return why the job failed; ``None`` if it did not."""
        self._refresh()
        return self._error_message

    def _refresh(self) -> None:
        if self._status in JOB_FINAL_STATES:
            return
        record = getattr(self._api_client, "job_state", self._api_client.job_get)(
            job_id=self.job_id()
        )
        state = record["state"]
        name, reason = state["status"].upper(), (state.get("reason") or "").upper()
        if name.startswith("CANCELLED") and RAN_TOO_LONG in f"{name} {reason}":
            status, self._reason = JobStatus.ERROR, RAN_TOO_LONG
        elif name in API_TO_JOB_STATUS:
            status = API_TO_JOB_STATUS[name]
        else:
            raise IBMError(f"Unknown status {state['status']!r} of job {self.job_id()}.")
        if status is JobStatus.ERROR:
            text = self._resolve(self._api_client.job_results(job_id=self.job_id()))
            start = text.rfind("Traceback")
            key = "CANCELLED - RAN TOO LONG" if self._reason == RAN_TOO_LONG else "FAILED"
            self._error_message = API_TO_JOB_ERROR_MESSAGE[key].format(
                self.job_id(), text[max(start, 0) :]
            )
        self._status = status

    def wait_for_final_state(self, timeout: float | None = None) -> None:
        """Wait until the job ended: pushed by the stream, polled beside it."""
        deadline = None if timeout is None else time.monotonic() + timeout
        stream, over = None, threading.Event()
        try:
            if self._status not in JOB_FINAL_STATES and self.status() not in JOB_FINAL_STATES:
                if self._streaming is None or not self._streaming.is_alive():
                    stream = self._ws_client = self._new_stream(None)
                    threading.Thread(target=_read, args=(stream, over), daemon=True).start()
            pause = 0.1
            while self._status not in JOB_FINAL_STATES:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise RuntimeJobTimeoutError(
                        f"Timed out waiting for job {self.job_id()} to end: {timeout} s are over. The job goes on."
                    )
                wait = pause * (1 - random.random() / 4)
                ended = over.wait(wait if left is None else min(wait, left))
                if ended:
                    over.clear()
                    pause = 0.02
                else:
                    pause = min(pause * 1.5, 1.5)
                self.status()
        finally:
            if stream is not None:
                stream.disconnect()

    def _resolve(self, text: str) -> str:
        if len(text) > 4096 or '"url"' not in text:
            return text
        try:
            data = json.loads(text)
        except ValueError:
            return text
        if not (isinstance(data, dict) and set(data) == {"url"} and isinstance(data["url"], str)):
            return text
        if hasattr(self._api_client, "external_result"):
            return self._api_client.external_result(data["url"])  # type: ignore[no-any-return]
        content = requests.get(data["url"], timeout=60).content
        return content.decode() if isinstance(content, bytes) else content

    def stream_results(self, callback: Callable[..., None], decoder: Any = None) -> None:
        """Call back with each message of the program, in a thread of its own."""
        if self._status in JOB_FINAL_STATES:
            raise RuntimeInvalidStateError("Job already finished.")
        if self._streaming is not None and self._streaming.is_alive():
            raise RuntimeInvalidStateError("A callback function is already streaming results.")
        messages: queue.Queue[Any] = queue.Queue()
        stream = self._ws_client = self._new_stream(messages)
        over = threading.Event()

        def read() -> None:
            _read(stream, over)
            messages.put(_END)

        threading.Thread(target=read, daemon=True).start()
        self._streaming = threading.Thread(
            target=self._consume,
            args=(messages, callback, decoder or self._interim_decoder),
            daemon=True,
        )
        self._streaming.start()

    def _consume(
        self, messages: queue.Queue[Any], callback: Callable[..., None], decoder: Any
    ) -> None:
        while (message := messages.get()) is not _END:
            try:
                callback(self.job_id(), decoder.decode(self._resolve(message)))
            except Exception:
                logger.warning("The callback for job %s failed.", self.job_id(), exc_info=True)

    def cancel_result_streaming(self) -> None:
        """Stop calling back."""
        self._ws_client.disconnect(WebsocketClientCloseCode.CANCEL)

    def logs(self) -> str:
        """Return the log of the job."""
        if self.status() not in JOB_FINAL_STATES:
            logger.warning("Job logs are only available after the job finishes.")
        try:
            return self._api_client.job_logs(self.job_id())  # type: ignore[no-any-return]
        except RequestsApiError as ex:
            if ex.status_code == 404:
                return ""
            raise IBMRuntimeError(
                f"Failed to get job logs: {ex.message}", failure=ex.failure
            ) from None

    def metrics(self) -> dict[str, Any]:
        """Return measurements of the job."""
        try:
            return self._api_client.job_metadata(self.job_id())  # type: ignore[no-any-return]
        except RequestsApiError as ex:
            raise IBMRuntimeError(
                f"Failed to get job metadata: {ex.message}", failure=ex.failure
            ) from None

    def submit(self) -> None:
        """Not possible: the service submits."""
        raise NotImplementedError(
            "job.submit() is not supported. Please use QiskitRuntimeService.run() to run a job."
        )

    def backend(self) -> Any:
        """Return the backend of the job."""
        if not self._backend:
            name = self._record().get("backend")
            self._backend = self._service.backend(name) if name else None
        return self._backend

    def _record(self) -> dict[str, Any]:
        return self._api_client.job_get(job_id=self.job_id())  # type: ignore[no-any-return]

    @property
    def inputs(self) -> dict[str, Any]:
        """Inputs of the program."""
        if not self._params:
            encoded = (
                self._encoded_params
                if self._encoded_params is not None
                else self._record().get("params", {})
            )
            if isinstance(encoded, list):
                encoded = encoded[0] if encoded else {}
            text = encoded if isinstance(encoded, str) else json.dumps(encoded)
            self._params = json.loads(text, cls=RuntimeDecoder)
        return self._params or {}

    @property
    def image(self) -> str | None:
        """Image that the job ran on."""
        return self._image

    @property
    def program_id(self) -> str:
        """Program of the job."""
        return self._program_id

    @property
    def session_id(self) -> str | None:
        """Session of the job."""
        if not self._session_id:
            self._session_id = self._record().get("session_id")
        return self._session_id

    @property
    def tags(self) -> list[str]:
        """Tags of the job."""
        if self._tags is None:
            self._tags = self._record().get("tags") or []
        return self._tags

    @property
    def creation_date(self) -> datetime | None:
        """When the job was made, in local time."""
        if not self._creation_date:
            self._creation_date = self._record().get("created")
        return utc_to_local(self._creation_date) if self._creation_date else None

    def __repr__(self) -> str:
        return f"<RuntimeJob('{self.job_id()}', '{self._program_id}')>"

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_ws_client", "_streaming")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._streaming = None
        self._ws_client = self._new_stream(None)


def _read(stream: RuntimeWebsocketClient, over: threading.Event) -> None:
    try:
        stream.job_results()
    except ApiError as ex:
        logger.debug("No stream: %s", ex.message)
    finally:
        over.set()


def _decoders(given: Any) -> tuple[Any, Any]:
    if isinstance(given, (list, tuple)):
        if len(given) != 2:
            raise ValueError(
                "If 'result_decoder' is a sequence, it must have exactly two elements."
            )
        return given[0], given[1]
    return given, given
