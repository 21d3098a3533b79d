"""Independent client: plain `requests` and `websocket`, written from the protocol alone.

It uses nothing of this package: circuits are written with Qiskit's QPY, and results are read with
the json module.
"""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from qiskit import QuantumCircuit, qpy
from websocket import WebSocket

from qiskit_ibm_runtime.testing import RuntimeServer, ServerPool

SIMULATOR, DEVICE, HGP = "ibmq_qasm_simulator", "fake_lima", "hub/group/project"
TIMEOUT = 60
LONG = {"iterations": 1_000_000}
"""Inputs of `hello-world` with which it runs until it is stopped."""


class Channel:
    """Channel of the service: base URL, credential headers and instance."""

    def __init__(self, base: str, headers: dict[str, str], instance: dict[str, str]) -> None:
        self.base, self.headers, self.instance = base.rstrip("/"), headers, instance

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        return requests.request(
            method, self.base + path, headers=self.headers, timeout=TIMEOUT, **more
        )

    def get(self, path: str, **query: Any) -> Any:
        answer = self.ask("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def run(self, program: str, params: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = {"program_id": program, "params": params, **self.instance, **more}
        answer = self.ask("POST", "/jobs", data=json.dumps(body))  # without a Content-Type
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def listen(self, job_id: str) -> WebSocket:
        stream = WebSocket()
        stream.settimeout(TIMEOUT)
        stream.connect(
            f"{self.base.replace('http', 'ws', 1)}/stream/jobs/{job_id}", header=self.headers
        )
        return stream

    def follow(self, job_id: str) -> list[str]:
        """Return the text frames of a job's stream until its normal close."""
        frames: list[Any] = []
        stream = self.listen(job_id)
        while True:
            opcode, data = stream.recv_data()
            if opcode == 8:
                stream.shutdown()
                assert int.from_bytes(data[:2], "big") == 1000
                return frames
            assert opcode == 1
            frames.append(data.decode())


@pytest.fixture(scope="module")
def server(qiskit_runtime_server_pool: ServerPool) -> Iterator[RuntimeServer]:
    with qiskit_runtime_server_pool.server(
        devices=[SIMULATOR, DEVICE], hubs=["ibm-q/open/main", HGP]
    ) as made:
        yield made


@pytest.fixture(scope="module")
def quantum(server: RuntimeServer) -> Channel:
    """Log in as a client of the channel `ibm_quantum` does."""
    version = requests.get(f"{server.url}/version", timeout=TIMEOUT)
    assert "api-auth" in version.json()
    login = requests.post(
        f"{server.url}/users/loginWithToken", json={"apiToken": server.token}, timeout=TIMEOUT
    )
    headers = {"X-Access-Token": login.json()["id"]}
    urls = requests.get(f"{server.url}/users/me", headers=headers, timeout=TIMEOUT).json()["urls"]
    network = requests.get(f"{urls['http']}/Network", headers=headers, timeout=TIMEOUT).json()
    projects = [
        f"{hub['name']}/{group}/{project}"
        for hub in network
        for group, inside in hub["groups"].items()
        for project in inside["projects"]
    ]
    assert projects == ["ibm-q/open/main", HGP]
    hub, group, project = HGP.split("/")
    return Channel(
        urls["services"]["runtime"],
        headers,
        {"hub": hub, "group": group, "project": project, "backend": SIMULATOR},
    )


@pytest.fixture(scope="module")
def cloud(server: RuntimeServer) -> Channel:
    """Look up the CRN of an instance as a client of the channel `ibm_cloud` does."""
    base = server.url.removesuffix("/api")
    form = {
        "grant_type": "urn:ibm:params:oauth:grant-type:apikey",
        "apikey": server.token,
        "response_type": "cloud_iam",
    }
    iam = requests.post(f"{base}/identity/token", data=form, timeout=TIMEOUT).json()
    payload = iam["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["iat"] < claims["exp"]
    found = requests.get(
        f"{base}/v2/resource_instances",
        params={"name": "embedded"},
        headers={"Authorization": f"Bearer {iam['access_token']}"},
        timeout=TIMEOUT,
    ).json()
    assert found["rows_count"] == 1
    headers = {
        "Service-CRN": found["resources"][0]["crn"],
        "Authorization": f"apikey {server.token}",
    }
    return Channel(base, headers, {})


@pytest.fixture(params=["quantum", "cloud"])
def channel(request: pytest.FixtureRequest) -> Channel:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def encoded(circuit: QuantumCircuit) -> dict[str, str]:
    """Encode a circuit: QPY, compressed, in base64, with a type tag."""
    with io.BytesIO() as buffer:
        qpy.dump(circuit, buffer)
        packed = base64.standard_b64encode(zlib.compress(buffer.getvalue())).decode()
    return {"__type__": "QuantumCircuit", "__value__": packed}


def test_rejects_requests_with_invalid_credentials(server: RuntimeServer, channel: Channel) -> None:
    for headers in ({}, {**channel.headers, "X-Access-Token": "x", "Authorization": "apikey x"}):
        answer = requests.get(f"{channel.base}/backends", headers=headers, timeout=TIMEOUT)
        assert answer.status_code == 401
        assert {"error", "errors"} & answer.json().keys()
    refused = requests.post(
        f"{server.url}/users/loginWithToken", json={"apiToken": "wrong"}, timeout=TIMEOUT
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, 3446)


def test_lists_and_describes_backends(channel: Channel) -> None:
    query = {"provider": HGP} if "hub" in channel.instance else {}
    assert set(channel.get("/backends", **query)["devices"]) == {SIMULATOR, DEVICE}

    assert channel.get(f"/backends/{DEVICE}/configuration")["n_qubits"] == 5
    assert channel.get(f"/backends/{DEVICE}/properties")["backend_name"] == DEVICE
    assert channel.get(f"/backends/{SIMULATOR}/configuration")["simulator"] is True
    for what in ("properties", "defaults"):
        assert not channel.get(f"/backends/{SIMULATOR}/{what}")
    status = channel.get(f"/backends/{DEVICE}/status")
    assert (status["state"], status["status"], status["length_queue"]) == (True, "active", 0)
    assert channel.ask("GET", "/backends/none/status").status_code == 404


def test_sampler_job_from_qpy_circuit_to_metrics(channel: Channel) -> None:
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()
    params = {"circuits": [encoded(bell)], "circuit_indices": [0], "run_options": {"shots": 1000}}

    answer = channel.run("sampler", params, tags=["mine"], log_level="INFO", cost=600)
    frames = channel.follow(answer["id"])

    assert answer["backend"] in (SIMULATOR, DEVICE)
    result = json.loads(channel.ask("GET", f"/jobs/{answer['id']}/results").text)
    distribution = result["quasi_dists"][0]
    # Half of 1000 shots each, within seven deviations of 16; a noisy device adds its errors.
    assert distribution["00"] == pytest.approx(0.5, abs=0.11 + 0.2 * (answer["backend"] == DEVICE))
    assert sum(distribution.values()) == pytest.approx(1)
    assert result["metadata"][0]["shots"] == 1000
    assert len(frames) == 2  # an acknowledgement and the result
    assert json.loads(frames[1]) == result
    job = channel.get(f"/jobs/{answer['id']}")
    assert job["state"] == {"status": "Completed", "reason": ""}
    assert (job["params"], job["program"], job["tags"]) == (params, {"id": "sampler"}, ["mine"])
    assert job["cost"] == 600
    assert "Running 1 circuits" in channel.ask("GET", f"/jobs/{answer['id']}/logs").text
    metrics = channel.get(f"/jobs/{answer['id']}/metrics")
    assert all(metrics["timestamps"][name] for name in ("created", "running", "finished"))
    assert metrics["qiskit_version"]


def test_interim_results_are_streamed_and_stored(channel: Channel) -> None:
    job_id = channel.run("hello-world", {"iterations": 3})["id"]

    frames = channel.follow(job_id)
    late = channel.follow(job_id)

    kept = channel.get(f"/jobs/{job_id}/interim_results")
    assert [json.loads(text)["iteration"] for text in kept] == [0, 1, 2]
    assert frames[1:] == [*kept, '"Hello, World!"']
    assert late[1:] == frames[1:]


def test_failed_job_returns_its_traceback(channel: Channel) -> None:
    job_id = channel.run("hello-world", {"iterations": "many"})["id"]

    assert len(channel.follow(job_id)) == 1
    assert channel.get(f"/jobs/{job_id}")["state"]["status"] == "Failed"
    assert "Traceback" in channel.ask("GET", f"/jobs/{job_id}/results").text


def test_running_job_is_canceled_once_then_deleted(channel: Channel) -> None:
    job_id = channel.run("hello-world", LONG)["id"]
    stream = channel.listen(job_id)
    assert stream.recv()  # the acknowledgement
    assert json.loads(stream.recv())["iteration"] == 0

    assert channel.ask("POST", f"/jobs/{job_id}/cancel").status_code == 204

    while True:
        opcode, data = stream.recv_data()
        if opcode == 8:
            break
    stream.shutdown()
    assert int.from_bytes(data[:2], "big") == 1000
    assert channel.get(f"/jobs/{job_id}")["state"]["status"] == "Cancelled"
    assert channel.ask("POST", f"/jobs/{job_id}/cancel").status_code == 409
    assert channel.ask("DELETE", f"/jobs/{job_id}").status_code == 204
    for what in ("", "/results", "/interim_results", "/logs", "/metrics"):
        assert channel.ask("GET", f"/jobs/{job_id}{what}").status_code == 404


def test_client_may_close_stream_at_once(channel: Channel) -> None:
    job_id = channel.run("hello-world", LONG)["id"]
    stream = channel.listen(job_id)
    stream.ping()
    stream.close(1000)

    assert channel.ask("DELETE", f"/jobs/{job_id}").status_code == 204


def test_lists_jobs_of_a_session_and_closes_it(channel: Channel) -> None:
    backend = {"backend": SIMULATOR}
    first = channel.run("hello-world", {}, start_session=True, session_time=None, **backend)["id"]
    second = channel.run("hello-world", {}, session_id=first, **backend)["id"]

    listed = channel.get("/jobs", session_id=first, limit=1)
    rest = channel.get("/jobs", session_id=first, limit=1, offset=1)
    assert (listed["count"], rest["count"]) == (2, 2)
    assert [one["id"] for page in (listed, rest) for one in page["jobs"]] == [second, first]

    assert channel.ask("DELETE", f"/sessions/{first}/close").status_code == 204
    body = {"program_id": "hello-world", "params": {}, "session_id": first, **channel.instance}
    assert channel.ask("POST", "/jobs", json={**body, **backend}).status_code == 400
    for job_id in (first, second):  # jobs that were queued before the close still run
        assert channel.follow(job_id)[-1] == '"Hello, World!"'


def test_uploads_runs_and_deletes_a_program(channel: Channel) -> None:
    source = "def main(backend, user_messenger, number):\n    return number + 1\n"
    body = {"name": "adder", "data": base64.b64encode(source.encode()).decode(), "cost": 300}

    made = channel.ask("POST", "/programs", json={**body, "description": "", "is_public": False})

    assert made.status_code in (200, 201)
    program = made.json()["id"]
    assert channel.get(f"/programs/{program}")["data"] == source
    assert channel.follow(channel.run(program, {"number": 41})["id"])[-1] == "42"
    assert channel.ask("DELETE", f"/programs/{program}").status_code == 204
    assert channel.ask("GET", f"/programs/{program}").status_code == 404
