"""Against a silent service, no call waits longer than its limit."""

from __future__ import annotations

import inspect
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from qiskit_ibm_runtime.api.client_parameters import ClientParameters
from qiskit_ibm_runtime.api.clients import AuthClient, RuntimeClient, VersionClient
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.http.download import download
from qiskit_ibm_runtime.api.http.retry import RetryPolicy
from qiskit_ibm_runtime.api.http.settings import HttpSettings
from qiskit_ibm_runtime.testing.faults import Fault

BUDGET, READ = 0.25, 0.1
ARGUMENTS: dict[str, Any] = {
    "program_id": "p",
    "backend_name": "d",
    "job_id": "j",
    "session_id": "s",
    "params": {},
    "image": None,
    "hgp": None,
    "log_level": None,
    "program_data": "code",
    "name": "n",
    "description": "d",
    "max_execution_time": 1,
    "public": True,
}
METHODS = sorted(
    name
    for name, method in inspect.getmembers(RuntimeClient, inspect.isfunction)
    if not name.startswith("_") and name not in ("submit", "request_body")  # parts of program_run
)


def test_every_client_call_returns(service: Any, log_in: Any) -> None:
    http = HttpSettings(timeout=READ, retry=RetryPolicy(budget=BUDGET))
    params = log_in(http=http)
    client = RuntimeClient(params)
    service.fail(Fault("silence", seconds=60))
    calls: dict[str, Any] = {}
    for name in METHODS:
        method = getattr(client, name)
        known = inspect.signature(method).parameters
        arguments = {key: value for key, value in ARGUMENTS.items() if key in known}
        calls[name] = lambda method=method, arguments=arguments: method(**arguments)
    account = ClientParameters("ibm_quantum", service.api_token, service.url, http=http)
    calls["log-in"] = lambda: AuthClient(account)
    calls["version"] = lambda: VersionClient(service.url, **account.session_parameters()).version()
    calls["stored result"] = lambda: download(client._session, f"{service.base}/stored", 100)
    outcomes: dict[str, Any] = {}

    def make(name: str) -> None:
        started = time.monotonic()
        try:
            calls[name]()
        except RequestsApiError as error:
            outcomes[name] = (error, time.monotonic() - started)

    with ThreadPoolExecutor(len(calls)) as pool:
        list(pool.map(make, calls))

    assert set(outcomes) == set(calls)
    assert len(METHODS) >= 20
    for error, _ in outcomes.values():
        assert error.failure.status is None
        assert error.status_code == -1
    # A submit also looks for its job, each time within the budget of one request.
    assert max(took for _, took in outcomes.values()) < 30
