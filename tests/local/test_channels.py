"""Account endpoints and authentication of both channels."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable

import pytest
import requests

from qiskit_ibm_runtime.local.settings import CloudService, Hub, User
from qiskit_ibm_runtime.testing.servers import BackgroundServer

from .conftest import CRN, SIMULATOR, TOKEN, Client, ScriptedExecutor, cloud_client, quantum_client

IAM = "/identity/token"
GRANT = "urn:ibm:params:oauth:grant-type:apikey"


def test_quantum_channel_leads_from_token_to_runtime_url(server: BackgroundServer) -> None:
    version = requests.get(f"{server.url}/api/version", timeout=30).json()
    assert "api-auth" in version
    client = quantum_client(server)
    user = requests.get(f"{server.url}/api/users/me", headers=client.headers, timeout=30).json()

    urls = user["urls"]
    assert urls["services"]["runtime"] == f"{server.url}/runtime"
    assert urls["http"] == f"{server.url}/api"
    assert urls["ws"].startswith("ws://")
    network = requests.get(f"{urls['http']}/Network", headers=client.headers, timeout=30)
    assert network.json() == [
        {"name": "ibm-q", "groups": {"open": {"projects": {"main": {"isDefault": True}}}}}
    ]


def test_each_hub_has_its_own_backends(serve: Callable[..., BackgroundServer]) -> None:
    server = serve(
        devices=(SIMULATOR, "fake_lima", "fake_quito"),
        hubs=(
            Hub("ibm-q/open/main", (SIMULATOR,)),
            Hub("h/g/p1", ("fake_lima",)),
            Hub("h/g/p2"),
        ),
    )
    client = quantum_client(server)

    network = requests.get(f"{server.url}/api/Network", headers=client.headers, timeout=30)

    assert [one["name"] for one in network.json()] == ["ibm-q", "h"]
    assert list(network.json()[1]["groups"]["g"]["projects"]) == ["p1", "p2"]

    def devices(**params: str) -> list[str]:
        return client.get("/backends", **params)["devices"]  # type: ignore[no-any-return]

    assert devices(provider="ibm-q/open/main") == [SIMULATOR]
    assert devices(provider="h/g/p1") == ["fake_lima"]
    assert devices() == devices(provider="h/g/p2") == [SIMULATOR, "fake_lima", "fake_quito"]
    assert client("GET", "/backends?provider=h/g/p3").status_code == 404
    refused = client.post(backend="fake_lima", hub="ibm-q", group="open", project="main")
    assert refused.status_code == 404
    job_id = client.submit(backend="fake_lima", hub="h", group="g", project="p1")
    job = client.wait(job_id)
    assert (job["hub"], job["group"], job["project"]) == ("h", "g", "p1")
    assert client.get("/jobs", provider="h/g/p1")["count"] == 1
    assert client.get("/jobs", provider="h/g/p2")["count"] == 0


def test_rejects_wrong_token_in_the_format_of_the_account_service(
    shared_client: Client,
) -> None:
    url = f"{shared_client.server.url}/api/users/loginWithToken"
    answer = requests.post(url, json={"apiToken": "wrong"}, timeout=30)

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == 3446
    assert requests.post(url, json={}, timeout=30).status_code == 400
    assert "error" in requests.post(url, data=b"{", timeout=30).json()


def test_access_token_expires(serve: Callable[..., BackgroundServer]) -> None:
    client = quantum_client(serve(access_token_seconds=0))

    answer = client("GET", "/jobs")

    assert answer.status_code == 401
    assert answer.json()["errors"][0]["code"] == 1201


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Access-Token": ""},
        {"X-Access-Token": TOKEN},
        {"X-Access-Token": "a.b.c"},
        {"Authorization": f"apikey {TOKEN}"},
        {"Authorization": "apikey wrong", "Service-CRN": CRN},
        {"Authorization": TOKEN, "Service-CRN": CRN},
        {"Authorization": f"Basic {TOKEN}", "Service-CRN": CRN},
        {"Service-CRN": CRN},
    ],
)
def test_rejects_requests_without_valid_credentials(
    headers: dict[str, str], shared_client: Client
) -> None:
    for root in ("/runtime", ""):
        answer = requests.get(f"{shared_client.server.url}{root}/jobs", headers=headers, timeout=30)
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("path", ["/nothing", "/runtime/nothing", "/runtime/jobs/x/y", "/api/x"])
def test_unknown_path_is_not_found_without_credentials(path: str, shared_client: Client) -> None:
    answer = requests.get(shared_client.server.url + path, timeout=30)

    assert answer.status_code == 404
    assert path in answer.text


def test_wrong_method_lists_allowed_methods(shared_client: Client) -> None:
    answer = shared_client("PATCH", "/jobs")

    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_iam_exchanges_api_key_for_a_well_formed_token(server: BackgroundServer) -> None:
    form = {"grant_type": GRANT, "apikey": TOKEN, "response_type": "cloud_iam"}
    answer = requests.post(server.url + IAM, data=form, timeout=30).json()

    header, payload, _ = answer["access_token"].split(".")
    claims = json.loads(urlsafe_b64decode(payload + "=="))
    assert json.loads(urlsafe_b64decode(header + "=="))["typ"] == "JWT"
    assert claims["iat"] <= time.time() < claims["exp"] == answer["expiration"]
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    found = requests.get(
        f"{server.url}/v2/resource_instances?name=embedded", headers=bearer, timeout=30
    )
    assert found.json()["rows_count"] == 1
    assert found.json()["resources"][0]["crn"] == CRN
    unknown = requests.get(
        f"{server.url}/v2/resource_instances?name=other", headers=bearer, timeout=30
    )
    assert unknown.json()["rows_count"] == 0
    jobs = requests.get(f"{server.url}/jobs", headers={**bearer, "Service-CRN": CRN}, timeout=30)
    assert jobs.status_code == 200


def test_iam_and_resource_controller_reject_invalid_credentials(shared_client: Client) -> None:
    url = shared_client.server.url
    wrong = requests.post(url + IAM, data={"grant_type": GRANT, "apikey": "wrong"}, timeout=30)
    other = requests.post(url + IAM, data={"grant_type": "password"}, timeout=30)
    found = requests.get(f"{url}/v2/resource_instances?name=embedded", timeout=30)

    assert (wrong.status_code, other.status_code, found.status_code) == (400, 400, 401)


def test_cloud_job_without_backend_runs_on_the_least_busy(
    serve: Callable[..., BackgroundServer], executor: ScriptedExecutor
) -> None:
    client = cloud_client(serve(workers=3, devices=("fake_lima", "fake_quito", "fake_manila")))
    for backend in ("fake_lima", "fake_manila"):
        client.submit({"gate": "g"}, backend=backend)

    answer = client.post({"give": 1}, backend=None).json()

    assert answer["backend"] == "fake_quito"
    assert client.wait(answer["id"])["status"] == "Completed"
    assert "hub" not in client.get(f"/jobs/{answer['id']}")


def test_service_instances_see_only_their_own_jobs(
    serve: Callable[..., BackgroundServer],
) -> None:
    second = CRN.replace("embedded::", "second::")
    server = serve(services=(CloudService("one", CRN), CloudService("two", second)))
    job_id = cloud_client(server).submit()

    other = cloud_client(server, crn=second)

    assert other.get("/jobs")["count"] == 0
    assert other("GET", f"/jobs/{job_id}").status_code == 404
    assert cloud_client(server, crn="crn:v1:x").get != other
    assert cloud_client(server, crn="crn:v1:x")("GET", "/jobs").status_code == 403
    assert (
        cloud_client(server)(
            "POST", "/jobs", json={"program_id": "hello-world", "params": {}, "hub": "h"}
        ).status_code
        == 400
    )


def test_unnamed_tokens_belong_to_one_user(
    serve: Callable[..., BackgroundServer],
) -> None:
    server = serve(users=(User.parse("first"), User.parse("second"), User.parse("bob:third")))
    job_id = quantum_client(server, "first").submit()

    assert quantum_client(server, "second").get("/jobs")["count"] == 1
    assert quantum_client(server, "third")("GET", f"/jobs/{job_id}").status_code == 404


@pytest.mark.parametrize("kind", ["configuration", "properties", "defaults", "status"])
def test_serves_every_document_of_a_backend(kind: str, any_client: Client) -> None:
    for name in (SIMULATOR, "fake_lima"):
        assert isinstance(any_client.get(f"/backends/{name}/{kind}"), dict)
    answer = any_client("GET", f"/backends/fake_nothing/{kind}")
    assert answer.status_code == 404
    assert "fake_nothing" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:1", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("iam.localhost:80", 200),
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("localhost.evil.example:80", 400),
        ("a@localhost", 400),
        ("", 400),
    ],
)
def test_loopback_server_accepts_only_local_host_headers(
    host: str, status: int, shared_client: Client
) -> None:
    answer = requests.get(f"{shared_client.server.url}/health", headers={"Host": host}, timeout=30)

    assert answer.status_code == status


def test_serves_everything_under_a_path_prefix(serve: Callable[..., BackgroundServer]) -> None:
    server = serve(path_prefix="/gateway/one")

    client = quantum_client(server)

    assert server.url.endswith("/gateway/one")
    me = requests.get(f"{server.url}/api/users/me", headers=client.headers, timeout=30).json()
    assert me["urls"]["services"]["runtime"] == f"{server.url}/runtime"
    assert client.wait(client.submit({"give": 1}))["status"] == "Completed"
    outside = server.url.replace("/gateway/one", "")
    assert requests.get(f"{outside}/health", timeout=30).status_code == 404
    assert requests.get(f"{server.url}/health", timeout=30).json() == {"status": "ok"}


def test_rejects_too_large_and_compressed_bodies(serve: Callable[..., BackgroundServer]) -> None:
    client = quantum_client(serve(largest_inputs=10_000))

    assert client.post({"x": "y" * 9_000}).status_code == 200
    refused = client.post({"x": "y" * 3_000_000})

    assert refused.status_code == 413
    assert "10000 bytes" in refused.json()["errors"][0]["message"]
    packed = client("POST", "/jobs", data=b"x", headers={"Content-Encoding": "gzip"})
    assert packed.status_code == 415
