from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.wire import standin

from qiskit_ibm_runtime.api.client_parameters import ClientParameters
from qiskit_ibm_runtime.api.clients.submission import LEDGER
from qiskit_ibm_runtime.api.http.retry import without_waiting


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="session")
def _one_service() -> Iterator[Any]:
    with standin.service() as state:
        yield state


@pytest.fixture(scope="session")
def _another_service() -> Iterator[Any]:
    with standin.service() as state:
        yield state


@pytest.fixture
def service(_one_service: Any) -> Any:
    """The service, reset for each test."""
    _one_service.reset()
    return _one_service


@pytest.fixture
def other_host(_another_service: Any) -> Any:
    """A second service, which must receive no secret."""
    _another_service.reset()
    return _another_service


@pytest.fixture(autouse=True)
def pauses() -> Iterator[list[float]]:
    """Skip retry pauses; yields the skipped durations."""
    with without_waiting() as skipped:
        yield skipped


@pytest.fixture
def log_in(service: Any) -> Callable[..., ClientParameters]:
    """Log in as a service does, and return the client parameters."""
    from qiskit_ibm_runtime.api.clients.auth import AuthClient

    def enter(**settings: Any) -> ClientParameters:
        params = ClientParameters("ibm_quantum", service.api_token, service.url, **settings)
        client = AuthClient(params)
        params.url = client.current_service_urls()["services"]["runtime"]
        params.token, params.token_source = client.access_token, client.token_source
        return params

    return enter


@pytest.fixture
def client(log_in: Any) -> Any:
    from qiskit_ibm_runtime.api.clients.runtime import RuntimeClient

    return RuntimeClient(log_in())


@pytest.fixture(autouse=True)
def _forget_earlier_services() -> None:
    """Reset the job registry for each test, because the stand-in reuses job IDs."""
    LEDGER._honoring.clear()
    LEDGER._owned.clear()
