"""Jobs and sessions on the embedded runtime."""

from __future__ import annotations

import copy
import threading
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus

from qiskit_ibm_runtime import (
    Options,
    QiskitRuntimeService,
    RuntimeInvalidStateError,
    RuntimeJob,
    RuntimeJobFailureError,
    Sampler,
)

SIMULATOR = "ibmq_qasm_simulator"


def hello(service: QiskitRuntimeService, iterations: int, **kwargs: Any) -> RuntimeJob:
    return service.run(
        "hello-world",
        inputs={"iterations": iterations},
        options={"backend": SIMULATOR},
        **kwargs,
    )


def test_job_fetched_by_id_has_the_same_result_and_inputs(
    service: QiskitRuntimeService, bell: QuantumCircuit
) -> None:
    options = Options(environment={"job_tags": ["e2e", "fetch"]})
    job = Sampler(session=service.backend(SIMULATOR), options=options).run(bell, shots=100)
    job.wait_for_final_state()

    again = service.job(job.job_id())

    assert again.result().quasi_dists == job.result().quasi_dists
    assert again.status() is JobStatus.DONE
    assert again.inputs["circuits"][0] == bell
    assert again.program_id == "sampler"
    assert sorted(again.tags) == ["e2e", "fetch"]
    assert again.backend().name == SIMULATOR


def test_creation_date_is_now_in_local_time(service: QiskitRuntimeService) -> None:
    before = datetime.now(timezone.utc)
    made = hello(service, 1).creation_date

    assert made is not None
    assert before - timedelta(seconds=1) <= made <= datetime.now(timezone.utc)
    assert made.utcoffset() == made.astimezone().utcoffset()


def test_job_streams_to_several_callbacks_in_turn(
    service: QiskitRuntimeService,
) -> None:
    job = hello(service, 3)
    again = copy.copy(job)  # it does not know that the job has ended
    job.result()

    for _ in range(3):
        seen: list[object] = []
        over = threading.Event()

        def remember(
            _job_id: str,
            message: object,
            seen: list[object] = seen,
            over: threading.Event = over,
        ) -> None:
            seen.append(message)
            if message == "Hello, World!":
                over.set()

        while again._stream is not None and again._stream.active:
            threading.Event().wait(0.01)
        again.stream_results(remember)
        assert over.wait(60)
        assert [m["iteration"] for m in seen if isinstance(m, dict)] == [0, 1, 2]


def test_interim_results_arrive_once_and_in_order(service: QiskitRuntimeService) -> None:
    seen: list[object] = []
    job = hello(service, 4, callback=lambda _id, message: seen.append(message))

    assert job.result() == "Hello, World!"

    job.wait_for_final_state()
    interim = job.interim_results()
    assert [message["iteration"] for message in map(as_dict, interim)] == [0, 1, 2, 3]
    streamed = [message for message in seen if isinstance(message, dict)]
    assert [message["iteration"] for message in streamed] == [0, 1, 2, 3][: len(streamed)]


def as_dict(message: object) -> dict[str, object]:
    import json

    return json.loads(message) if isinstance(message, str) else message  # type: ignore[return-value]


def test_callback_gets_every_message_of_a_running_job(service: QiskitRuntimeService) -> None:
    seen: list[object] = []
    complete = threading.Event()

    def remember(_job_id: str, message: object) -> None:
        seen.append(message)
        if message == "Hello, World!":
            complete.set()

    hello(service, 3, callback=remember)

    assert complete.wait(30)
    assert [m["iteration"] for m in seen if isinstance(m, dict)] == [0, 1, 2]


def test_failing_program_returns_its_traceback(service: QiskitRuntimeService) -> None:
    job = hello(service, "many")  # type: ignore[arg-type]

    with pytest.raises(RuntimeJobFailureError) as caught:
        job.result()

    assert "Traceback" in caught.value.message
    assert job.job_id() in caught.value.message
    assert job.status() is JobStatus.ERROR
    assert "Traceback" in str(job.error_message())


def test_canceled_job_ends_without_a_result(service: QiskitRuntimeService) -> None:
    job = hello(service, 100_000)

    job.cancel()

    assert job.status() is JobStatus.CANCELLED
    with pytest.raises(RuntimeInvalidStateError, match="cancelled"):
        job.result()
    assert hello(service, 1).result() == "Hello, World!"


def test_rejects_canceling_a_finished_job(service: QiskitRuntimeService) -> None:
    job = hello(service, 1)
    job.result()

    with pytest.raises(RuntimeInvalidStateError, match="cannot be cancelled"):
        service.job(job.job_id()).cancel()


def test_finished_job_has_logs_and_metrics(service: QiskitRuntimeService) -> None:
    job = hello(service, 1)
    job.result()

    assert isinstance(job.logs(), str)
    metrics = job.metrics()
    assert {"created", "running", "finished"} <= set(metrics["timestamps"])
    assert metrics["qiskit_version"]
