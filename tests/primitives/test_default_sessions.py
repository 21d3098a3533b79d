"""The default session of primitives."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qiskit_ibm_runtime import QiskitRuntimeService, Sampler, Session

SIMULATOR, DEVICE = "ibmq_qasm_simulator", "fake_manila"


@pytest.fixture(autouse=True)
def _default_account(service: QiskitRuntimeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the embedded runtime the default account."""
    from qiskit_ibm_runtime import session

    monkeypatch.setattr(session, "QiskitRuntimeService", lambda: service)


def test_backend_creates_default_session_on_its_service(
    primitive: type[Any], service: QiskitRuntimeService
) -> None:
    made = primitive(session=service.backend(SIMULATOR))

    assert made.session.backend() == SIMULATOR
    assert made.session.service is service


def test_backend_name_creates_default_session_on_the_default_account(
    primitive: type[Any], service: QiskitRuntimeService
) -> None:
    made = primitive(session=SIMULATOR)

    assert made.session.backend() == SIMULATOR
    assert made.session.service is service


def test_primitives_share_default_session_for_the_same_backend(
    primitive: type[Any], service: QiskitRuntimeService
) -> None:
    first = primitive(session=service.backend(SIMULATOR))

    assert primitive().session is first.session
    assert primitive(session=SIMULATOR).session is first.session


def test_another_backend_closes_the_default_session(
    primitive: type[Any], service: QiskitRuntimeService, bell: QuantumCircuit
) -> None:
    first = primitive(session=service.backend(SIMULATOR))
    second = primitive(session=service.backend(DEVICE))

    assert second.session is not first.session
    assert primitive().session is second.session
    with pytest.raises(RuntimeError, match="closed"):
        first.session.run("sampler", {})


def test_closed_default_session_is_replaced(primitive: type[Any]) -> None:
    first = primitive(session=SIMULATOR)
    first.session.close()

    assert primitive(session=SIMULATOR).session is not first.session


def test_with_block_provides_its_session(
    primitive: type[Any], service: QiskitRuntimeService
) -> None:
    with Session(service=service, backend=SIMULATOR) as session:
        assert primitive().session is session
        assert primitive(session=SIMULATOR).session is session
        elsewhere = primitive(session=DEVICE)
        assert elsewhere.session is not session
        assert elsewhere.session.service is service
        assert primitive().session is session

    assert primitive(session=SIMULATOR).session is not session


def test_with_blocks_nest(primitive: type[Any], service: QiskitRuntimeService) -> None:
    with Session(service=service, backend=SIMULATOR) as outer:
        with Session(service=service, backend=DEVICE) as inner:
            assert primitive().session is inner
        assert primitive().session is outer


def test_rejects_missing_backend_if_the_channel_needs_one(primitive: type[Any]) -> None:
    with pytest.raises(ValueError, match="backend"):
        primitive()


def test_all_jobs_of_a_primitive_share_its_session(
    service: QiskitRuntimeService, bell: QuantumCircuit
) -> None:
    with Session(service=service, backend=SIMULATOR) as session:
        first, second = (Sampler(session=session).run(bell, shots=10) for _ in range(2))

    assert session.session_id == first.job_id()
    assert second.job_id() != first.job_id()
    assert second.session_id == first.session_id == session.session_id
    for job in (first, second):
        assert sum(job.result().quasi_dists[0].values()) == pytest.approx(1)


def test_run_on_a_known_backend_is_one_request(
    service: QiskitRuntimeService, bell: QuantumCircuit, caplog: pytest.LogCaptureFixture
) -> None:
    sampler = Sampler(session=service.backend(DEVICE), options={"resilience_level": 0})
    caplog.set_level(logging.DEBUG, "urllib3.connectionpool")

    for _ in range(2):
        caplog.clear()
        sampler.run(bell)
        requests = [text for text in caplog.messages if "HTTP/" in text]
        assert len(requests) == 1, requests
        assert "POST" in requests[0]


def test_primitive_is_thread_safe(service: QiskitRuntimeService, bell: QuantumCircuit) -> None:
    """
    Each thread gets the options and results of its own runs, in one shared session.
    """
    with Session(service=service, backend=SIMULATOR) as session:
        sampler = Sampler(session=session)

    def run(shots: int) -> tuple[Any, int]:
        job = sampler.run(bell, shots=shots)
        return job, job.result().metadata[0]["shots"]

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(run, range(10, 26)))

    assert [shots for _, shots in done] == list(range(10, 26))
    assert len({job.job_id() for job, _ in done}) == 16
    assert {job.session_id for job, _ in done} == {session.session_id}
    assert sampler.options.execution["shots"] == 4000
