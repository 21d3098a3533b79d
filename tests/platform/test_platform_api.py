"""The platform API of the embedded runtime, called according to the protocol."""

from __future__ import annotations

import base64
import io
import math
import zlib
from typing import Any

import numpy as np
import pytest
import requests

from qiskit_ibm_runtime.testing import ServerPool
from qiskit_ibm_runtime.testing.faults import Fault, Faults

from .conftest import PlatformClient

SHOTS = 20_000
CLOSE = 5 / math.sqrt(SHOTS)
"""More than five standard errors of a frequency."""
BELL = """OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
bit[1] d;
rz(pi/2) q[0]; sx q[0]; rz(pi/2) q[0];
rz(pi/2) q[1]; sx q[1]; rz(pi/2) q[1];
cz q[0], q[1];
rz(pi/2) q[1]; sx q[1]; rz(pi/2) q[1];
c[0] = measure q[0];
c[1] = measure q[1];
d[0] = measure q[0];
"""
TURN = """OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta;
qubit[2] q;
rz(pi/2) q[0]; sx q[0]; rz(theta + 3.141592653589793) q[0]; sx q[0]; rz(pi) q[0];
"""


def array(value: Any) -> dict[str, str]:
    file = io.BytesIO()
    np.save(file, np.asarray(value, dtype=float))
    return {
        "__type__": "ndarray",
        "__value__": base64.b64encode(zlib.compress(file.getvalue())).decode(),
    }


def read(value: dict[str, str]) -> Any:
    assert value["__type__"] == "ndarray"
    return np.load(io.BytesIO(zlib.decompress(base64.b64decode(value["__value__"]))))


def test_api_key_is_exchanged_for_an_expiring_token(qiskit_runtime_server_pool: ServerPool) -> None:
    with qiskit_runtime_server_pool.server() as server:
        client = PlatformClient(server)
        assert client.login("of nobody").status_code == 400
        client.get("/backends")

        assert client.login().json()["expires_in"] > 0

        server.faults.replace([Fault("expire", times=1)])
        assert client("GET", "/backends").status_code == 401
        client.token = client.login().json()["access_token"]
        client.get("/backends")


def test_instances_are_listed_by_search_and_catalog(client: PlatformClient) -> None:
    answer = client(
        *("POST", "/v3/resources/search?limit=100"),
        json={"query": "service_name:quantum-computing", "fields": ["crn"]},
        root=client.address.base,
    )
    (item,) = answer.json()["items"]
    assert item["crn"] == client.address.instance
    assert item["doc"]["extensions"]

    for root in (client.address.base, client.address.url):
        plan = client("GET", f"/{item['service_plan_unique_id']}", root=root).json()
        assert plan["overview_ui"]["en"]["display_name"] == "Premium"
    named = client("GET", "/v2/resource_instances", root=client.address.base).json()
    assert named["resources"][0]["crn"] == client.address.instance


def test_discovery_requires_a_token(client: PlatformClient) -> None:
    answer = requests.post(f"{client.address.base}/v3/resources/search", json={}, timeout=30)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["code"]


def test_backends_are_objects_or_names_depending_on_the_api_version(client: PlatformClient) -> None:
    devices = {device["name"]: device for device in client.get("/backends")["devices"]}
    assert devices["ideal_heron"]["qubits"] == 156
    assert devices["fake_lima"]["status"] == {"name": "online"}
    assert "ibmq_qasm_simulator" not in devices

    names = client.get("/backends", headers={"IBM-API-Version": "2024-01-01"})["devices"]
    assert names == list(devices)
    assert client("GET", "/backends", headers={"IBM-API-Version": "soon"}).status_code == 400


@pytest.mark.parametrize("name", ["fake_lima", "fake_sherbrooke", "fake_heron", "ideal_line"])
def test_backend_documents_have_the_current_form(client: PlatformClient, name: str) -> None:
    configuration = client.get(f"/backends/{name}/configuration")
    assert not configuration["open_pulse"]
    assert not {"channels", "u_channel_lo", "hamiltonian"} & set(configuration)
    assert "reset" not in configuration["basis_gates"]

    properties = client.get(f"/backends/{name}/properties")
    facts = {fact["name"] for qubit in properties["qubits"] for fact in qubit}
    assert "frequency" not in facts
    assert {"T1", "readout_error"} <= facts
    assert {"measure", "reset"} <= {gate["gate"] for gate in properties["gates"]}
    assert client.get(f"/backends/{name}/status")["state"] is True
    assert client("GET", f"/backends/{name}/defaults").text == "null"


def test_sampler_returns_outcomes_per_register(client: PlatformClient) -> None:
    result = client.result("sampler", {"pubs": [[BELL, array([]), SHOTS]], "support_qiskit": True})
    assert result["__type__"] == "PrimitiveResult"
    (pub,) = result["__value__"]["pub_results"]
    data = pub["__value__"]["data"]["__value__"]
    assert data["field_names"] == ["c", "d"]
    c, d = (data["fields"][name]["__value__"] for name in "cd")
    assert (c["num_bits"], d["num_bits"]) == (2, 1)
    pairs, alone = read(c["array"]), read(d["array"])
    assert pairs.shape == alone.shape == (SHOTS, 1)
    assert set(pairs.ravel()) == {0, 3}
    assert abs((pairs == 3).mean() - 0.5) < CLOSE
    assert ((pairs == 3) == (alone == 1)).all()  # registers keep the order of shots


def test_without_qiskit_support_results_are_plain_json(client: PlatformClient) -> None:
    result = client.result("sampler", {"pubs": [[BELL, None, 100]]})
    samples = result["results"][0]["data"]["c"]
    assert samples["num_bits"] == 2
    assert len(samples["samples"]) == 100
    assert set(samples["samples"]) <= {"0x0", "0x3"}


def test_estimator_broadcasts_observables_and_values(client: PlatformClient) -> None:
    angles = [0.3, 1.1, 2.0]
    params = {
        "pubs": [
            [TURN, [[{"IZ": 1.0}], [{"IX": 0.5, "II": 2.0}]], array([[a] for a in angles]), None]
        ],
        "options": {"default_shots": SHOTS},
        "resilience_level": 0,
        "support_qiskit": True,
    }
    result = client.result("estimator", params)
    data = result["__value__"]["pub_results"][0]["__value__"]["data"]["__value__"]
    values = read(data["fields"]["evs"])
    exact = np.array([np.cos(angles), 2 + 0.5 * np.sin(angles)])
    assert data["shape"] == [2, 3]
    assert np.abs(values - exact).max() < CLOSE
    errors = read(data["fields"]["ensemble_standard_error"])
    assert errors[0] == pytest.approx(np.abs(np.sin(angles)) / math.sqrt(SHOTS), rel=0.1)


def test_non_isa_circuits_fail_with_the_service_error_code(
    client: PlatformClient,
) -> None:
    wrong = BELL.replace("cz", "cx")
    job = client.run("sampler", {"pubs": [[wrong, None, 10]]})
    assert job["status"] == "Failed"
    assert job["state"]["reason_code"] == 1517
    assert "cx" in job["state"]["reason"]
    assert client("GET", f"/jobs/{job['id']}/results").text.startswith("Error code 1517; ")


@pytest.mark.parametrize(
    ("program", "params", "code"),
    [
        ("sampler", {"pubs": [[BELL]], "options": {"shot": 3}}, 1521),
        ("sampler", {"pubs": []}, 1500),
        ("sampler", {"pubs": [[BELL, None, 1, 1]]}, 1500),
        ("sampler", {"version": 1, "circuits": []}, 1513),
        ("estimator", {"pubs": [[TURN]]}, 1500),
        ("sampler", {"pubs": [[BELL]], "options": {"default_shots": 0}}, 1521),
    ],
)
def test_rejects_invalid_params_at_submission(
    client: PlatformClient, program: str, params: dict[str, Any], code: int
) -> None:
    answer = client.submit(program, {"version": 2, **params})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == code


def test_jobs_can_be_listed_tagged_and_deleted(client: PlatformClient) -> None:
    job = client.run("sampler", {"pubs": [[BELL, None, 10]]}, tags=["mine"])
    assert job["tags"] == ["mine"]
    assert client("PUT", f"/jobs/{job['id']}/tags", json={"tags": ["new"]}).status_code == 204
    listed = client.get("/jobs", params={"tags": "new", "program": "sampler", "limit": "1000"})
    assert [one["id"] for one in listed["jobs"]] == [job["id"]]
    assert (listed["count"], listed["limit"]) == (1, 200)
    metrics = client.get(f"/jobs/{job['id']}/metrics")
    assert metrics["usage"]["status"] == "complete"
    assert client("POST", f"/jobs/{job['id']}/cancel").status_code == 409
    assert client("DELETE", f"/jobs/{job['id']}").status_code == 204
    assert client("GET", f"/jobs/{job['id']}").status_code == 404


def test_closed_session_accepts_no_more_jobs(client: PlatformClient) -> None:
    opened = client("POST", "/sessions", json={"mode": "dedicated", "backend": "ideal_line"})
    session = opened.json()["id"]
    assert client.get(f"/sessions/{session}")["state"] == "open"
    client.result("sampler", {"pubs": [[BELL, None, 10]]}, session_id=session)
    assert (
        client("PATCH", f"/sessions/{session}", json={"accepting_jobs": False}).status_code == 204
    )
    assert client.get(f"/sessions/{session}")["accepting_jobs"] is False
    late = client.submit("sampler", {"pubs": [[BELL]], "version": 2}, session_id=session)
    assert late.json()["errors"][0]["code"] == 1217


def test_open_plan_allows_only_batches(qiskit_runtime_server_pool: ServerPool) -> None:
    with qiskit_runtime_server_pool.server(plan="open") as server:
        client = PlatformClient(server)
        refused = client("POST", "/sessions", json={"mode": "dedicated", "backend": "fake_line"})
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["code"] == 1352
        batch = client("POST", "/sessions", json={"mode": "batch", "backend": "fake_line"})
        assert client.get(f"/sessions/{batch.json()['id']}")["max_ttl"] == 600


def test_rate_limit_response_has_a_retry_after_header(
    qiskit_runtime_server_pool: ServerPool,
) -> None:
    fault = Fault("status", status=429, retry_after=7, path="/jobs$", times=1)
    with qiskit_runtime_server_pool.server(Faults([fault])) as server:
        client = PlatformClient(server)
        answer = client.submit("sampler", {"pubs": [[BELL]], "version": 2})
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
        assert client.submit("sampler", {"pubs": [[BELL]], "version": 2}).status_code == 200


def tensor(value: Any) -> dict[str, Any]:
    numbers = np.asarray(value, dtype="<f8")
    text = base64.b64encode(zlib.compress(numbers.tobytes())).decode()
    return {"data": text, "shape": list(numbers.shape), "dtype": "f64"}


def program(items: list[dict[str, Any]], texts: list[str]) -> dict[str, Any]:
    its = {
        "shots": 4000,
        "circuits": {"data": texts},
        "items": items,
        "passthrough_data": {"a": [1]},
    }
    return {"schema_version": "v2.0", "quantum_program": its, "options": {}}


def test_executor_returns_every_shot_of_every_element(client: PlatformClient) -> None:
    angles = [0.0, 1.0, math.pi]
    text = TURN + "bit[3] c; c[1] = measure q[0];"
    item = {"item_type": "circuit", "circuit_arguments": tensor([[a] for a in angles])}
    result = client.result("executor", program([{**item, "shape": [2, 3]}], [text]))

    (only,) = result["data"]
    packed = only["results"]["c"]
    assert (packed["shape"], packed["dtype"]) == ([2, 3, 4000, 3], "bool")
    raw = np.frombuffer(zlib.decompress(base64.b64decode(packed["data"])), dtype=np.uint8)
    bits = np.unpackbits(raw, bitorder="little", count=2 * 3 * 4000 * 3).reshape(2, 3, 4000, 3)
    assert not bits[..., 0].any()
    assert not bits[..., 2].any()
    means = bits[..., 1].mean(axis=-1)
    assert np.abs(means - np.sin(np.array(angles) / 2) ** 2).max() < 5 * 0.5 / math.sqrt(4000)
    assert result["passthrough_data"] == {"a": [1]}
    assert result["metadata"]["chunk_timing"][0]["parts"][0]["size"] == 6


def test_executor_rejects_unsupported_programs(client: PlatformClient) -> None:
    samplex = {"item_type": "samplex", "samplex": {}, "samplex_arguments": {}, "shape": []}
    answer = client.submit("executor", program([samplex], [BELL]))
    assert answer.status_code == 400
    assert "samplex" in answer.text

    item = {"item_type": "circuit", "circuit_arguments": tensor(np.zeros((0,))), "shape": []}
    job = client.run("executor", program([item, item], [BELL]))
    assert "2 items" in job["state"]["reason"]


def test_v1_programs_are_unknown(client: PlatformClient) -> None:
    answer = client.submit("circuit-runner", {"circuits": []})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 1220)


def test_results_can_be_served_as_links(qiskit_runtime_server_pool: ServerPool) -> None:
    with qiskit_runtime_server_pool.server(result_links=True) as server:
        client = PlatformClient(server)
        job = client.run("sampler", {"pubs": [[BELL, None, 10]]})
        url = client.get(f"/jobs/{job['id']}/results")["url"]

        packed = requests.get(url, timeout=30)
        plain = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=30)
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.json() == plain.json()
        assert set(plain.json()) == {"results", "metadata"}
        assert requests.get(url[:-1] + "?", timeout=30).status_code == 403


def test_private_results_can_be_read_once(client: PlatformClient) -> None:
    job = client.run("sampler", {"pubs": [[BELL, None, 10]]}, private=True)
    assert client("GET", f"/jobs/{job['id']}/results").status_code == 200
    assert client("GET", f"/jobs/{job['id']}/results").status_code == 204
    assert "params" not in client.get(f"/jobs/{job['id']}")


def test_canceling_a_session_cancels_its_queued_jobs(client: PlatformClient) -> None:
    opened = client("POST", "/sessions", json={"mode": "batch", "backend": "fake_line"}).json()[
        "id"
    ]
    params = {"pubs": [[BELL, None, 200_000]] * 3, "version": 2}
    ids = [
        client.submit("sampler", params, session_id=opened, backend="fake_line").json()["id"]
        for _ in range(3)
    ]
    assert client("DELETE", f"/sessions/{opened}/close").status_code == 204
    assert client.wait(ids[-1])["status"] == "Cancelled"
    assert client("GET", f"/jobs/{ids[-1]}/results").status_code == 204


def test_cost_limits_the_duration_of_a_job(client: PlatformClient) -> None:
    params = {"pubs": [[BELL, None, 5_000_000]]}
    job = client.run("sampler", params, cost=1, backend="fake_line")
    assert job["status"] == "Cancelled - Ran too long"
    assert job["state"]["reason_code"] == 1305


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("OPENQASM 3.0; qubit[1000000000] q;", 1506),
        ("OPENQASM 3.0; bit[2*3] c;", 1506),
        ("OPENQASM 3.0; rz(" + "(" * 5000 + "1" + ")" * 5000 + ") q;", 1506),
        ("OPENQASM 3.0; qubit q; bit c; while (c) { reset q; }", 1517),
        ('OPENQASM 3.0; include "stdgates.inc"; qubit q; bit[1] c; id q; measure q -> c;', 1517),
        ("nonsense", 1506),
        ({"__type__": "QuantumCircuit", "__value__": "AAAA"}, 1603),
        ({"__type__": "QuantumCircuit", "__value__": "eJwL9Az2"}, 1603),
        ({"__type__": "module", "__value__": {}}, 1603),
        (5, 1603),
    ],
)
def test_job_fails_if_a_circuit_cannot_run(client: PlatformClient, text: Any, code: int) -> None:
    job = client.run("sampler", {"pubs": [[text, None, 10]]})
    assert job["status"] == "Failed"
    assert job["state"]["reason_code"] == code, job["state"]


def test_parameter_values_must_match_the_circuit(client: PlatformClient) -> None:
    job = client.run("sampler", {"pubs": [[BELL, array([1.0])]]})
    assert job["state"]["reason_code"] == 1501
    for values in ({"phi": 1.0}, [["a"]], array([[np.inf]])):
        job = client.run("estimator", {"pubs": [[TURN, {"ZZ": 1.0}, values]]})
        assert job["state"]["reason_code"] == 1501, job["state"]
    for observables in ({"ZZZ": 1.0}, {"Q": 1.0}, {"ZZ": "x"}, [{"ZZ": 1.0}, [{"ZZ": 1.0}]], {}):
        job = client.run("estimator", {"pubs": [[TURN, observables, [0.3]]]})
        assert job["state"]["reason_code"] == 1501, job["state"]


def test_parameter_values_may_be_named_or_positional(client: PlatformClient) -> None:
    params = {
        "pubs": [
            [TURN, {"IZ": 1.0}, {"theta": [0.0, math.pi]}],
            [TURN, {"IZ": 1.0}, [0.0]],
        ],
        "resilience_level": 0,
    }
    result = client.result("estimator", params)
    assert result["results"][0]["data"]["evs"] == pytest.approx([1.0, -1.0])
    assert result["results"][1]["data"]["evs"] == pytest.approx(1.0)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_identity_observables_and_empty_pubs_give_exact_results(
    client: PlatformClient, level: int
) -> None:
    params = {
        "pubs": [
            [TURN, {"II": 1.5}, [0.3]],
            [TURN, {"IZ": 1.0}, array(np.zeros((0, 1)))],
        ],
        "resilience_level": level,
    }
    result = client.result("estimator", params, backend="fake_line")
    assert result["results"][0]["data"]["evs"] == pytest.approx(1.5)
    assert result["results"][1]["data"]["evs"] == []


def test_empty_sampler_pubs_return_no_samples(client: PlatformClient) -> None:
    text = TURN + "bit[1] c; c[0] = measure q[0];"
    result = client.result("sampler", {"pubs": [[text, array(np.zeros((0, 1))), 10]]})
    assert result["results"][0]["data"]["c"] == {"samples": [], "num_bits": 1}


def test_job_fails_if_its_options_exclude_a_circuit(client: PlatformClient) -> None:
    dynamic = BELL + "if (c[0]) { x q[1]; }"
    decoupled = {"dynamical_decoupling": {"enable": True}}
    job = client.run("sampler", {"pubs": [[dynamic, None, 10]], "options": decoupled})
    assert job["state"]["reason_code"] == 1522
    job = client.run("estimator", {"pubs": [[dynamic, {"ZZ": 1.0}]]})
    assert job["state"]["reason_code"] == 1522

    fractional = TURN + "rx(theta) q[1];"
    params = {"pubs": [[fractional, {"ZZ": 1.0}, [0.3]]], "resilience_level": 0}
    client.result("estimator", params)
    twirled = {"twirling": {"enable_gates": True}}
    job = client.run("estimator", {**params, "options": twirled})
    assert job["state"]["reason_code"] == 1519
