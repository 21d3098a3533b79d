"""This package's client on every channel of the server, and an uploaded program in a worker."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.testing.servers import BackgroundServer

from .conftest import CRN, SIMULATOR, TOKEN


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
