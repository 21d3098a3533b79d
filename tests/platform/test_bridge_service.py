"""Login, instance discovery, rate limits and sessions of the bridge, over sockets."""

from __future__ import annotations

import json
import logging
import queue
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.providers.exceptions import QiskitBackendNotFoundError
from tests.platform.expect_warning import expect_warning

from qiskit_ibm_runtime import IBMInputValueError, QiskitRuntimeService, Sampler, Session
from qiskit_ibm_runtime._platform import approximations
from qiskit_ibm_runtime._platform.polling import PollBackoff
from qiskit_ibm_runtime._platform.rate_limits import SubmitRateLimiter
from qiskit_ibm_runtime._platform.urls import api_url, iam_url
from qiskit_ibm_runtime.accounts import CloudResourceNameResolutionError
from qiskit_ibm_runtime.api.http.retry import without_waiting
from qiskit_ibm_runtime.exceptions import IBMNotAuthorizedError
from qiskit_ibm_runtime.testing import RuntimeServer, ServerPool
from qiskit_ibm_runtime.testing.faults import Fault

LOGIN = "/identity/token$"


@pytest.fixture(scope="module")
def one_server(qiskit_runtime_server_pool: ServerPool) -> Iterator[RuntimeServer]:
    with qiskit_runtime_server_pool.server(plan="open", result_links=True) as server:
        yield server


@pytest.fixture
def server(one_server: RuntimeServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[RuntimeServer]:
    for name, value in one_server.platform.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(approximations, "_issued_warnings", set())
    one_server.requests.clear()
    yield one_server
    one_server.faults.replace([])


def service_of(server: RuntimeServer, **more: Any) -> QiskitRuntimeService:
    address = server.platform
    account = {"token": address.api_key, "instance": address.instance, "url": address.url, **more}
    return QiskitRuntimeService(channel="ibm_quantum_platform", **account)


def run(service: QiskitRuntimeService, circuit: QuantumCircuit) -> Any:
    return Sampler(session=service.backend("ideal_line"), options={"resilience_level": 0}).run(
        circuit, shots=100
    )


def test_with_a_crn_requests_only_a_token_and_the_backends(
    server: RuntimeServer,
) -> None:
    service_of(server)
    asked = [(one.method, one.path) for one in server.requests.exchanges]
    assert asked == [("POST", "/identity/token"), ("GET", "/api/v1/backends")]
    _, devices = server.requests.exchanges
    assert devices.headers["service-crn"] == server.platform.instance
    assert "0.9.3" in devices.headers["x-qx-client-application"]


@pytest.mark.parametrize("instance", ["embedded", None, "auto"])
def test_finds_the_instance_by_name_or_automatically(
    server: RuntimeServer, instance: str | None
) -> None:
    service = service_of(server, instance=instance)
    account = service.active_account()
    assert account is not None
    assert account["instance"] == server.platform.instance


def test_wrong_instance_name_or_api_key_raises(server: RuntimeServer) -> None:
    with pytest.raises(
        CloudResourceNameResolutionError, match=r"'nowhere'. Instances found: 'embedded'"
    ):
        service_of(server, instance="nowhere")
    with pytest.raises(IBMNotAuthorizedError, match="iam/apikeys"):
        service_of(server, token="of-nobody")


def test_expired_token_is_renewed_once_for_all_threads(server: RuntimeServer) -> None:
    service = service_of(server)
    server.faults.replace([Fault("expire", times=1)])
    server.requests.clear()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: service.jobs(), range(8)))
    assert len(found) == 8
    assert len(server.requests.matching("POST", LOGIN)) == 1


def test_token_is_renewed_at_80_percent_of_its_lifetime(server: RuntimeServer) -> None:
    service = service_of(server)
    source = service._client_params.token_source
    life = source._iam.lifetime
    began = source._renew_at - 0.8 * life
    server.requests.clear()
    for part, logins in ((0.79, 0), (0.81, 1), (0.82, 1)):
        source.clock = lambda part=part: began + part * life
        service.jobs()
        assert len(server.requests.matching("POST", LOGIN)) == logins


def test_logs_contain_no_secrets(server: RuntimeServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        service = service_of(server, instance=None)
        run(service, measured()).result()
    token = service._client_params.token_source.current()
    for secret in (server.platform.api_key, token, server.platform.instance):
        assert secret not in caplog.text


def measured() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    return circuit


def test_results_behind_a_link_are_downloaded_without_credentials(server: RuntimeServer) -> None:
    assert run(service_of(server), measured()).result().quasi_dists == [{1: 1.0}]
    (download,) = server.requests.matching("GET", "/downloads/")
    assert "authorization" not in download.headers
    assert "service-crn" not in download.headers


def test_rate_limited_submit_is_retried_after_the_requested_delay(server: RuntimeServer) -> None:
    service = service_of(server)
    server.faults.replace(
        [Fault("status", method="POST", path="/jobs$", status=429, retry_after=17, times=2)]
    )
    with without_waiting() as pauses:
        job = run(service, measured())
    assert pauses == [17, 17]
    assert job.result().quasi_dists == [{1: 1.0}]


def test_lost_response_creates_one_job(server: RuntimeServer) -> None:
    service = service_of(server)
    server.faults.replace([Fault("reset", method="POST", path="/jobs$", when="after", times=1)])
    before = len(service.jobs(limit=None))
    with without_waiting():
        job = run(service, measured())
    assert job.result().quasi_dists == [{1: 1.0}]
    assert len(service.jobs(limit=None)) == before + 1


def test_open_plan_gets_a_batch_with_a_warning(server: RuntimeServer) -> None:
    service = service_of(server)
    with expect_warning("opening a batch instead"), Session(service, "ideal_line") as session:
        job = Sampler().run(measured())
        session.close()
    modes = [one.json()["mode"] for one in server.requests.matching("POST", "/sessions$")]
    assert modes == ["dedicated", "batch"]
    (closed,) = server.requests.matching("PATCH", "/sessions/")
    assert closed.status == 204
    assert job.result().quasi_dists[0].keys() == {1}


def test_requests_match_the_published_schemas(server: RuntimeServer) -> None:
    service = service_of(server)
    options = {"max_execution_time": 20_000, "environment": {"job_tags": ["t"]}, "shots": 77}
    with expect_warning("10800"), expect_warning("does not mitigate readout errors"):
        Sampler(session=service.backend("fake_line"), options=options).run([measured()] * 2)
    body = json.loads(server.requests.matching("POST", "/jobs$")[-1].body)

    assert body["program_id"] == "sampler"
    assert (body["backend"], body["tags"], body["cost"]) == ("fake_line", ["t"], 10_800)
    assert body["log_level"] == "WARNING"
    assert not body.keys() & {"session_id", "hub", "group", "project", "start_session"}
    params = body["params"]
    assert params.keys() == {"pubs", "options", "version", "support_qiskit"}
    assert [len(pub) for pub in params["pubs"]] == [3, 3]
    assert [pub[2] for pub in params["pubs"]] == [77, 77]
    assert params["options"]["execution"] == {"init_qubits": True}


def test_rejects_too_many_tags_before_submitting(server: RuntimeServer) -> None:
    service = service_of(server)
    sampler = Sampler(session=service.backend("ideal_line"))
    with pytest.raises(IBMInputValueError, match="8 tags"):
        sampler.run(measured(), job_tags=[str(n) for n in range(9)])
    assert not server.requests.matching("POST", "/jobs$")


def test_retired_backends_are_explained_and_can_be_substituted(
    server: RuntimeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = service_of(server)
    with pytest.raises(QiskitBackendNotFoundError, match="channel='local' has simulators"):
        service.backend("ibmq_qasm_simulator")
    with pytest.raises(QiskitBackendNotFoundError, match="QISKIT_IBM_PLATFORM_BACKENDS"):
        Sampler(session=Session(service, "ibm_lagos")).run(measured())

    monkeypatch.setenv("QISKIT_IBM_PLATFORM_BACKENDS", "ibm_lagos=ideal_line, ibmq_x=fake_line")
    assert service.backend("ibm_lagos").name == "ideal_line"
    with expect_warning("opening a batch instead"), Session(service, "ibm_lagos"):
        assert Sampler().run(measured()).backend().name == "ideal_line"


def test_callback_is_called_once_with_the_result(server: RuntimeServer) -> None:
    heard: queue.Queue[Any] = queue.Queue()
    sampler = Sampler(session=service_of(server).backend("ideal_line"))
    sampler.set_options(environment={"callback": lambda _, message: heard.put(message)})
    with expect_warning("called once"):
        job = sampler.run(measured())
    message = heard.get(timeout=60)
    assert message["quasi_dists"] == [{"1": 1.0}]
    job.wait_for_final_state()
    assert heard.empty()


@pytest.mark.parametrize(
    ("url", "crn_region", "private", "expected"),
    [
        (None, "us-east", False, "https://quantum.cloud.ibm.com/api/v1"),
        (None, "eu-de", False, "https://eu-de.quantum.cloud.ibm.com/api/v1"),
        (None, "us-east", True, "https://private.us-east.quantum.cloud.ibm.com/api/v1"),
        ("https://cloud.ibm.com", "eu-de", False, "https://eu-de.quantum.cloud.ibm.com/api/v1"),
        (
            "https://test.cloud.ibm.com",
            "us-east",
            False,
            "https://quantum.test.cloud.ibm.com/api/v1",
        ),
        ("http://127.0.0.1:1/api/v1", "us-east", False, "http://127.0.0.1:1/api/v1"),
        ("https://quantum.cloud.ibm.com", "us-east", False, "https://quantum.cloud.ibm.com/api/v1"),
    ],
)
def test_api_url_depends_on_the_region_of_the_instance(
    url: str | None, crn_region: str, private: bool, expected: str
) -> None:
    crn = f"crn:v1:bluemix:public:quantum-computing:{crn_region}:a/1:2::"
    assert api_url(url, crn, private=private) == expected


def test_refuses_to_send_tokens_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(IBMInputValueError, match="Use an https URL"):
        api_url("http://example.com/api/v1", None)
    monkeypatch.setenv("IAM_URL", "http://example.com")
    with pytest.raises(IBMInputValueError, match="IAM_URL"):
        iam_url(None, None)
    monkeypatch.delenv("IAM_URL")
    assert iam_url(None, "crn:v1:staging:public:q:r:a/1:2::") == "https://iam.test.cloud.ibm.com"
    assert iam_url(None, None, private=True) == "https://private.iam.cloud.ibm.com"


def test_submits_are_rate_limited_per_minute() -> None:
    pacer, now = SubmitRateLimiter(5), [0.0]
    pacer.clock = lambda: now[0]  # type: ignore[method-assign]
    with without_waiting() as pauses:
        for second in range(7):
            now[0] = float(second)
            pacer.wait()
    assert pauses == [55.0, 55.0]


def test_poll_interval_grows() -> None:
    schedule, at, polls = PollBackoff(), 0.0, 0
    while at < 60:
        at += schedule.pause(polls, streaming=False, jitter=1.0)
        polls += 1
    assert polls <= 15
    assert schedule.pause(100, streaming=False, jitter=0.0) <= 5
