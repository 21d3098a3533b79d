"""OpenAPI description against the behavior of the server."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from qiskit_ibm_runtime.local.endpoints.description import description
from qiskit_ibm_runtime.local.endpoints.routes import by_path

from .conftest import SIMULATOR, Client


def test_serves_description_of_every_route(shared_client: Client) -> None:
    described = Client(shared_client.server, {}, "").get("/openapi.json")

    assert described == json.loads(json.dumps(description(by_path())))
    assert set(described["paths"]) == set(by_path())
    listed = {
        (path, method.upper())
        for path, operations in described["paths"].items()
        for method in operations.keys() - {"parameters"}
    }
    assert listed == {(path, method) for path, one in by_path().items() for method in one}
    ids = [
        one["operationId"]
        for operations in described["paths"].values()
        for method, one in operations.items()
        if method != "parameters"
    ]
    assert len(set(ids)) == len(ids)


def test_responses_match_the_description(alice: Client) -> None:
    job_id = alice.submit({"give": 1}, tags=["t"], cost=300)
    alice.wait(job_id)
    described = description(by_path())
    paths = described["paths"]

    def check(schema: Any, answer: Any) -> None:
        Draft202012Validator({**schema, "components": described["components"]}).validate(answer)

    for path, real in {
        "/backends": "/backends",
        "/backends/{name}/status": f"/backends/{SIMULATOR}/status",
        "/jobs": "/jobs",
        "/jobs/{id}": f"/jobs/{job_id}",
        "/jobs/{id}/metrics": f"/jobs/{job_id}/metrics",
        "/programs": "/programs",
        "/programs/{id}": "/programs/sampler",
    }.items():
        content = paths[path]["get"]["responses"]["200"]["content"]
        check(content["application/json"]["schema"], alice.get(real))
        refused = Client(alice.server, {}, "")("GET", real)
        error = paths[path]["get"]["responses"]["401"]["content"]["application/json"]["schema"]
        check(error, refused.json())


def test_description_links_a_submit_to_its_job() -> None:
    links = description(by_path())["paths"]["/jobs"]["post"]["responses"]["200"]["links"]

    assert links["GET /jobs/{id}/results"]["parameters"] == {"id": "$response.body#/id"}
