"""This package's client on every channel of the server, and an uploaded program in a worker."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from qiskit_ibm_runtime import QiskitRuntimeService, RuntimeJobFailureError, RuntimeProgramNotFound
from qiskit_ibm_runtime.testing import RuntimeServer, ServerPool
from qiskit_ibm_runtime.testing.servers import BackgroundServer

from .conftest import CRN, SIMULATOR, TOKEN

PROGRAM = """
import logging
from qiskit import QuantumCircuit, transpile

def main(backend, user_messenger, circuit, shots=100, **kwargs):
    user_messenger.publish({"step": 1})
    logging.getLogger(__name__).warning("half way")
    counts = backend.run(transpile(circuit, backend), shots=shots).result().get_counts()
    if kwargs.get("fail"):
        raise ValueError("asked to")
    return {"counts": counts, "array": __import__("numpy").arange(3)}
"""


@pytest.fixture
def names_under_localhost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolve names under localhost, as most systems do and containers often do not."""
    real = socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **more: Any) -> Any:
        if str(host).endswith(".localhost"):
            host = "127.0.0.1"
        return real(host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize("instance", [CRN, "embedded"])
def test_cloud_client_resolves_its_service_instance(
    instance: str, server: BackgroundServer, names_under_localhost: None
) -> None:
    url = server.url.replace("127.0.0.1", "localhost")
    service = QiskitRuntimeService(channel="ibm_cloud", url=url, token=TOKEN, instance=instance)

    job = service.run("hello-world", {"give": "hello"})

    assert job.result() == "hello"
    assert job.backend().name == SIMULATOR
    assert [one.job_id() for one in service.jobs()] == [job.job_id()]


def test_cloud_client_uses_experimental_url_unchanged(
    serve: Callable[..., BackgroundServer],
) -> None:
    server = serve(path_prefix="/experimental", devices=(SIMULATOR,))
    service = QiskitRuntimeService(channel="ibm_cloud", url=server.url, token=TOKEN, instance=CRN)

    assert service.run("hello-world", {"give": 1}).result() == 1


def test_quantum_client_lists_and_cancels_jobs(server: BackgroundServer) -> None:
    service = QiskitRuntimeService(channel="ibm_quantum", url=f"{server.url}/api", token=TOKEN)
    job = service.run("hello-world", {"gate": "never"}, {"backend": SIMULATOR})

    assert [one.job_id() for one in service.jobs(pending=True)] == [job.job_id()]
    job.cancel()
    assert service.jobs(pending=True) == []


@pytest.fixture(scope="module")
def real() -> Iterator[RuntimeServer]:
    with ServerPool(workers=1) as pool, pool.server(devices=[SIMULATOR]) as server:
        yield server


def test_uploads_runs_and_deletes_a_program(real: RuntimeServer) -> None:
    from qiskit import QuantumCircuit

    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()
    service = real.service()
    metadata = {"name": "my-counts", "max_execution_time": 300, "description": "Counts."}
    program_id = service.upload_program(PROGRAM, metadata)

    job = service.run(program_id, {"circuit": bell}, {"backend": SIMULATOR})
    result = job.result()
    failed = service.run(program_id, {"circuit": bell, "fail": True}, {"backend": SIMULATOR})
    with pytest.raises(RuntimeJobFailureError, match="ValueError: asked to"):
        failed.result()

    assert set(result["counts"]) == {"00", "11"}
    assert result["array"].tolist() == [0, 1, 2]
    assert "half way" in job.logs()
    assert job.interim_results() == ['{"step": 1}']
    assert service.program(program_id).data == PROGRAM
    service.delete_program(program_id)
    with pytest.raises(RuntimeProgramNotFound):
        service.program(program_id, refresh=True)
