"""Handle of a job."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, cast

import requests
from qiskit.providers import JobV1
from qiskit.providers.exceptions import QiskitBackendNotFoundError
from qiskit.providers.jobstatus import JOB_FINAL_STATES, JobStatus

from ._jobs.pickling import PortableJob
from ._jobs.record import (
    JobState,
    RecordedJob,
    ask_record,
    cancellation_of,
    failure_of,
    failure_text,
    read_state,
)
from ._jobs.streaming import ResultStream, check_callback
from ._jobs.waiting import EarlyDownload, Wait
from .api.clients.base import WebsocketClientCloseCode
from .api.clients.runtime import RuntimeClient
from .api.clients.runtime_ws import RuntimeWebsocketClient
from .api.exceptions import RequestsApiError, translate_errors
from .api.http.download import follow_link, link_in
from .api.stream.hub import Clock
from .constants import DEFAULT_DECODERS
from .exceptions import IBMError, IBMInputValueError, RuntimeInvalidStateError
from .ibm_backend import IBMRetiredBackend
from .jobs import WATCHER
from .program.result_decoder import ResultDecoder, check_decoder, decoder_pair
from .utils.hgp import join_instance

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from ._jobs.progress import Wanted
    from .api.exceptions import Reading
    from .ibm_backend import IBMBackend
    from .program.result_decoder import Decoder
    from .qiskit_runtime_service import QiskitRuntimeService

logger = logging.getLogger(__name__)

EXTERNAL_TIMEOUT = 60
# Encoded results up to this length are cached for other decoders; longer ones are fetched again.
LONGEST_KEPT_TEXT = 1_000_000


class RuntimeJob(PortableJob, RecordedJob, JobV1):  # type: ignore[misc]  # terra ships no types
    """A submitted program: its status, interim results and result.

    :meth:`QiskitRuntimeService.run` and the primitives return jobs;
    :meth:`QiskitRuntimeService.job` retrieves earlier ones.

    .. code-block:: python

        from qiskit_ibm_runtime import QiskitRuntimeService

        service = QiskitRuntimeService(channel="local")
        options = {"backend": "ibmq_qasm_simulator"}
        job = service.run("hello-world", inputs={"iterations": 2}, options=options)
        print(job.job_id(), job.result(timeout=60), job.interim_results())
    """

    _clock = Clock()

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
        result_decoder: Decoder | Sequence[Decoder] | None = None,
        image: str | None = "",
        session_id: str | None = None,
        tags: list[str] | None = None,
        *,
        encoded_params: Any = None,
        place: Mapping[str, Any] | None = None,
        final_state: JobState | None = None,
    ) -> None:
        """Create the handle of a job, without requests unless there is a callback.

        Users get jobs from the service. What is not given is fetched on first access: the inputs
        (``params``, or ``encoded_params`` to be decoded), the creation time (in ISO format), and
        the backend, found by the ``backend``, ``hub``, ``group`` and ``project`` in ``place``.
        ``user_callback`` is called with job id and message for each message of the job.
        ``result_decoder`` is one decoder, or a pair for interim results and result.

        Raises:
            ValueError: If ``result_decoder`` is a sequence of another length than two.
        """
        super().__init__(backend=backend, job_id=job_id)
        self._backend: Any = backend
        self._api_client, self._client_params = api_client, client_params
        self._service, self._program_id = service, program_id
        self._params = params
        self._encoded_params = encoded_params
        self._place = place or {}
        self._creation_date = creation_date
        self._image = image
        self._session_id = session_id
        self._tags = tags
        self._interim_result_decoder, self._final_result_decoder = decoder_pair(
            result_decoder or DEFAULT_DECODERS.get(program_id, ResultDecoder)
        )
        self._start_without_answers()
        if final_state is not None:
            self._state, self._status = final_state, final_state.status
        if user_callback is not None:
            self.stream_results(user_callback)

    def _start_without_answers(self) -> None:
        self._status = JobStatus.INITIALIZING
        self._state = JobState()
        self._facts: dict[str, Any] | None = None
        self._error_message: str | None = None
        self._results: Any = None
        self._result_text: str | None = None
        self._early = EarlyDownload()
        self._stream: ResultStream | None = None
        self._stream_client: RuntimeWebsocketClient | None = None
        self._interim_results: str | None = None
        self._final_interim_results = False

    def status(self) -> JobStatus:
        """Return the status, fetching it from the service unless it is final.

        Raises:
            IBMError: If the service uses an unknown status.
            RequestsApiError: If the request fails.
        """
        self._refresh()
        return self._status

    def error_message(self) -> str | None:
        """Return why the job failed, with the remote traceback; ``None`` if it did not fail."""
        self._refresh()
        if self._status is not JobStatus.ERROR:
            return None
        if self._error_message is None:
            try:
                text = self._fetch_result()
            except IBMError as exc:
                return failure_text(
                    self.job_id(), self._state, f"Could not fetch its error text: {exc.message}"
                )
            self._error_message = failure_text(self.job_id(), self._state, text)
        return self._error_message

    def wait_for_final_state(
        self, timeout: float | None = None, *, progress: Wanted = False
    ) -> None:
        """Wait until the job has finished.

        Returns as soon as the service's stream reports the final state, or within two seconds if
        there is no stream. Without ``timeout``, tolerates up to five minutes of outage.

        Args:
            timeout: Maximum wait in seconds; no limit by default.
            progress: Whether to show status, queue position and elapsed time; or a function that is
                called with a :class:`~._jobs.progress.Progress` after each poll.

        Raises:
            RuntimeJobTimeoutError: If the timeout expires first; the job continues to run.
            RequestsApiError: If the status cannot be fetched.
        """
        if progress:
            from ._jobs.progress import showing

            with showing(self, progress) as is_final:
                Wait(self, timeout, is_final).until_final()
        else:
            Wait(self, timeout).until_final()

    def result(
        self,
        timeout: float | None = None,
        decoder: Decoder | None = None,
        *,
        progress: Wanted = False,
    ) -> Any:
        """Wait for the job and return its result.

        The decoded result is cached. A decoder other than the job's own decodes it again.

        .. versionadded:: 0.9.3+embedded.1 The ``progress`` argument.

        Args:
            timeout: Maximum wait in seconds; no limit by default.
            decoder: Class with a ``decode`` method; the job's own decoder by default.
            progress: As for :meth:`wait_for_final_state`.

        Returns:
            The return value of the program:

            - ``sampler``: ``SamplerResult``. ``quasi_dists`` is a list of ``circuits`` mappings
              from outcome (an integer, whose lowest bit is classical bit 0) to quasi-probability;
              ``metadata`` is a list of ``circuits`` dicts with ``shots``.
            - ``estimator``: ``EstimatorResult``. ``values`` is an array of shape ``(circuits,)``;
              ``metadata`` is a list of ``circuits`` dicts with ``variance`` and ``shots``, so the
              standard error is ``sqrt(variance / shots)``; at level 2 also ``zne``.
            - ``circuit-runner``, ``qasm3-runner``: ``RunnerResult`` with counts of each circuit.
            - custom programs: the return value of ``main`` (a string for ``hello-world``).

        Raises:
            RuntimeJobFailureError: If the job failed.
            RuntimeJobMaxTimeoutError: If the service stopped it because it ran too long.
            RuntimeInvalidStateError: If it was cancelled.
            RuntimeJobTimeoutError: If the timeout expires first; the job continues to run.
            IBMInputValueError: If ``timeout`` or ``decoder`` is invalid.
        """
        own = self._final_result_decoder
        chosen = _chosen(decoder, own)
        if chosen is own and self._results is not None:
            return self._results
        text = self._text_of_result(timeout, progress)
        result = chosen.decode(text) if text else None
        if chosen is own:
            self._results = result
        return result

    def __await__(self) -> Generator[Any, None, Any]:
        """Return the result of the job: ``result = await job``."""
        return self.result_async().__await__()

    async def result_async(
        self, timeout: float | None = None, decoder: Decoder | None = None
    ) -> Any:
        """Return the result like :meth:`result`, without blocking the event loop.

        .. versionadded:: 0.9.3+embedded.1

        Args:
            timeout: Maximum wait in seconds; no limit by default.
            decoder: Class with a ``decode`` method; the job's own decoder by default.
        """
        import asyncio

        await self.wait_for_final_state_async(timeout)
        # Download and decode in a thread, because both may take a while.
        result = partial(self.result, decoder=decoder)
        return await asyncio.get_running_loop().run_in_executor(None, result)

    async def wait_for_final_state_async(self, timeout: float | None = None) -> None:
        """Wait like :meth:`wait_for_final_state`, without blocking the event loop.

        .. versionadded:: 0.9.3+embedded.1

        Args:
            timeout: Maximum wait in seconds; no limit by default.
        """
        import asyncio

        wait = Wait(self, timeout)
        try:
            await asyncio.wait_for(asyncio.wrap_future(WATCHER.watch(self)), timeout)
        except asyncio.TimeoutError:
            raise wait.error() from None

    def interim_results(self, decoder: Decoder | None = None) -> Any:
        """Return the interim results published so far.

        The default decoder returns a list with the JSON string of each message.

        Args:
            decoder: Class with a ``decode`` method; the job's own decoder by default.
        """
        chosen = _chosen(decoder, self._interim_result_decoder)
        if not self._final_interim_results:
            # Fetch the status first: if it is final, the interim results are complete.
            final = self._is_final()
            self._interim_results = self._api_client.job_interim_results(job_id=self.job_id())
            self._final_interim_results = final
        return chosen.decode(self._interim_results)

    def stream_results(self, callback: Callable[..., Any], decoder: Decoder | None = None) -> None:
        """Call a function for each interim result and for the final result.

        Args:
            callback: Called with job id and decoded message, in a separate thread.
            decoder: Class with a ``decode`` method; the decoder of interim results by default.

        Raises:
            RuntimeInvalidStateError: If the job is known to have finished, or is already streaming.
            IBMInputValueError: If ``callback`` or ``decoder`` is invalid.
        """
        if self._status in JOB_FINAL_STATES:
            raise RuntimeInvalidStateError(f"Job {self.job_id()} is already finished.")
        if self._stream is not None and self._stream.active:
            raise RuntimeInvalidStateError(f"Job {self.job_id()} is already streaming results.")
        check_callback(callback)
        chosen = _chosen(decoder, self._interim_result_decoder)
        self._stream = ResultStream(
            self.job_id(),
            self._new_client,
            lambda message: chosen.decode(self._resolved(message)),
            callback,
        )
        self._stream_client = self._stream.client

    def cancel_result_streaming(self) -> None:
        """Stop calling the callback; does nothing without a stream."""
        if self._stream is not None:
            self._stream.cancel()

    def cancel(self) -> None:
        """Cancel the job.

        Raises:
            RuntimeInvalidStateError: If it has already finished.
            IBMRuntimeError: If the request fails for another reason.
        """
        ended = f"Job {self.job_id()} cannot be cancelled: it has already finished"
        with self._translate_errors("Failed to cancel", {409: (RuntimeInvalidStateError, ended)}):
            self._api_client.job_cancel(self.job_id())
        self._status = JobStatus.CANCELLED
        self.cancel_result_streaming()
        # Ending the stream wakes up threads that wait for the job.
        if self._stream_client is not None:
            self._stream_client.disconnect(WebsocketClientCloseCode.CANCEL)

    def logs(self) -> str:
        """Return the log of the job, which is complete once the job has finished.

        Raises:
            IBMRuntimeError: If the request fails.
        """
        if not self._is_final():
            logger.warning(
                "Logs of job %s are only available after the job finishes.", self.job_id()
            )
        with self._translate_errors("Failed to get job logs"):
            try:
                return str(self._api_client.job_logs(self.job_id()))
            except RequestsApiError as exc:
                if exc.status_code == 404:
                    return ""
                raise

    def metrics(self) -> dict[str, Any]:
        """Return metrics of the job, such as ``timestamps`` and ``usage`` in seconds.

        Raises:
            IBMRuntimeError: If the request fails.
        """
        with self._translate_errors("Failed to get job metadata"):
            return cast("dict[str, Any]", self._api_client.job_metadata(self.job_id()))

    def submit(self) -> None:
        """Raise an error: use :meth:`QiskitRuntimeService.run` to submit jobs.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            "job.submit() is not supported. Please use QiskitRuntimeService.run() to submit a job."
        )

    def backend(self) -> IBMBackend | None:
        """Return the backend of the job; ``None`` if the service does not report one.

        A retired or inaccessible backend is returned as an :class:`.IBMRetiredBackend`.

        Raises:
            IBMRuntimeError: If the request fails.
        """
        if self._backend is None:
            with self._translate_errors("Failed to get job backend"):
                place = self._place
                if not place.get("backend"):
                    # The instance of a job submitted here is known, even if the record differs.
                    known = {part: name for part, name in place.items() if name}
                    place = {**ask_record(self._api_client, self.job_id()), **known}
                self._backend = self._backend_of(place)
        return self._backend  # type: ignore[no-any-return]

    def _backend_of(self, record: Mapping[str, Any]) -> Any:
        name = record.get("backend")
        if name is None:
            return None
        if not name:
            # The service has not chosen a backend yet; as in 0.9.3, return any of the account.
            return next(iter(self._service.backends()), None)
        instance = join_instance(*map(record.get, ("hub", "group", "project")))
        for arguments in ({"instance": instance}, {}) if instance else ({},):
            try:
                return self._service.backend(name, **arguments)
            except (QiskitBackendNotFoundError, IBMInputValueError):
                continue
        return IBMRetiredBackend.from_name(name, self._api_client)

    def _is_final(self, hold: int = 0) -> bool:
        self._refresh(hold)
        return self._status in JOB_FINAL_STATES

    def _translate_errors(
        self, what_failed: str, by_status: Mapping[int, Reading] = {}
    ) -> AbstractContextManager[None]:
        return translate_errors(f"{what_failed} (job {self.job_id()})", by_status)

    def _refresh(self, hold: int = 0) -> None:
        if self._status in JOB_FINAL_STATES:
            return
        state = read_state(ask_record(self._api_client, self.job_id(), hold))
        # Another thread may have called cancel(); never leave a final state.
        if self._status not in JOB_FINAL_STATES:
            self._state, self._status = state, state.status

    def _text_of_result(self, timeout: float | None, progress: Wanted) -> str:
        if self._result_text is not None:
            return self._result_text
        wait = Wait(self, timeout)
        self._early.wanted = True
        # Subclasses may override this method with the arguments of 0.9.3.
        self.wait_for_final_state(timeout=timeout, **({"progress": progress} if progress else {}))
        self._check_success(wait)
        text = self._early.text(wait) or wait.call(self._fetch_result)
        if len(text) <= LONGEST_KEPT_TEXT:
            self._result_text = text
        return text

    def _check_success(self, wait: Wait) -> None:
        if self._status is JobStatus.ERROR:
            early = self._early.text(wait)
            if early:
                self._error_message = failure_text(self.job_id(), self._state, early)
            message = wait.call(self.error_message) or ""
            raise failure_of(self._state, message)
        if self._status is JobStatus.CANCELLED:
            raise cancellation_of(self.job_id(), self._state)

    def _fetch_result(self) -> str:
        return self._resolved(self._api_client.job_results(job_id=self.job_id()))

    def _resolved(self, text: str) -> str:
        """Download the result if the response is a link to it, else return the response."""
        if isinstance(self._api_client, RuntimeClient):
            return follow_link(self._api_client._session, text)
        # Other clients, such as test doubles, have no session.
        link = link_in(text)
        if link is None:
            return text
        content: Any = requests.get(link, timeout=EXTERNAL_TIMEOUT).content
        return content.decode("utf-8") if isinstance(content, bytes) else content

    @property
    def _ws_client(self) -> RuntimeWebsocketClient:
        """Latest stream of the job, under its name in 0.9.3."""
        if self._stream_client is None:
            self._stream_client = self._new_client()
        return self._stream_client

    def _new_client(self, messages: Any = None) -> RuntimeWebsocketClient:
        params = self._client_params
        new_stream = getattr(type(self._api_client), "new_stream", None)
        if new_stream is not None:  # the service has no streams
            return new_stream(self._api_client, params, self.job_id(), messages)  # type: ignore[no-any-return]
        url = params.get_runtime_api_base_url()
        return RuntimeWebsocketClient(url, params, self.job_id(), messages)

    def _repr_html_(self) -> str:
        from ._display.cards import job_card

        return job_card(self)

    def __repr__(self) -> str:
        return f"<RuntimeJob('{self.job_id()}', '{self._program_id}')>"


def _chosen(decoder: Decoder | None, own: Decoder) -> Decoder:
    """Return the decoder of a call, or the job's own, which was checked when the job was made."""
    if not decoder:
        return own
    check_decoder("decoder", decoder)
    return decoder
