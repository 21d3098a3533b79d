"""2,000 mixed requests by 32 threads at 10 % faults; run by ``nox -s stress``, or

python -m pytest -s tests/stress/test_wire_load.py
"""

from __future__ import annotations

import time

import pytest
from tests.wire import load, standin

from qiskit_ibm_runtime.api.client_parameters import ClientParameters
from qiskit_ibm_runtime.api.clients.auth import AuthClient
from qiskit_ibm_runtime.api.clients.runtime import RuntimeClient
from qiskit_ibm_runtime.api.http.retry import without_waiting


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("honors_keys", [True, False], ids=["honors keys", "old service"])
def test_two_thousand_requests_end_correctly_under_faults(honors_keys: bool, seed: int) -> None:
    with standin.service(honors_keys=honors_keys) as service, without_waiting() as pauses:
        params = ClientParameters("ibm_quantum", service.api_token, service.url)
        auth = AuthClient(params)
        params.url = auth.current_service_urls()["services"]["runtime"]
        params.token, params.token_source = auth.access_token, auth.token_source
        service.fail(*load.faults(0.1), seed=seed)
        started = time.perf_counter()
        account = load.Load(RuntimeClient(params), service, seed).run(calls=2000, threads=32)
        took = time.perf_counter() - started
        print(
            f"\n{account.calls} calls, {account.results} right results, "
            f"errors {dict(account.errors)}, {len(service.seen)} requests, "
            f"{len(service.faults.done)} faults, {len(service.jobs)} jobs, "
            f"{account.doubled} doubled, {account.lost} lost, {account.threads_left} threads left, "
            f"{service.logins} log-ins, {sum(pauses):.0f} s of pauses skipped, {took:.1f} s"
        )

    assert account.wrong == []
    assert account.calls == 2000
    assert (account.doubled, account.lost, account.threads_left) == (0, 0, 0)
    if honors_keys:
        assert not account.in_doubt
