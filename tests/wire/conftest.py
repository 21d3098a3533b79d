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
    """The service; each test finds it as new."""
    _one_service.reset()
    return _one_service


@pytest.fixture
def other_host(_another_service: Any) -> Any:
    """A second service, which nothing secret may reach."""
    _another_service.reset()
    return _another_service


@pytest.fixture(autouse=True)
def pauses() -> Iterator[list[float]]:
    """No retry waits; gives the pauses that were skipped."""
    with without_waiting() as skipped:
        yield skipped


@pytest.fixture
def log_in(service: Any) -> Callable[..., ClientParameters]:
    """Log in as a service does; gives the parameters of its clients."""
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
    """The stand-in names its jobs anew for each test, and may be another kind of service."""
    LEDGER._honouring.clear()
    LEDGER._owned.clear()
