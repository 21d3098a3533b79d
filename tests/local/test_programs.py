"""Program endpoints."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from qiskit_ibm_runtime.testing.servers import BackgroundServer

from .conftest import Client, ScriptedExecutor, quantum_client

SOURCE = "def main(backend, user_messenger, **kwargs):\n    return 'größer'\n"


def encoded(source: str) -> str:
    return b64encode(source.encode()).decode()


def upload(client: Client, **fields: Any) -> str:
    answer = client(
        "POST", "/programs", json={"name": "n", "data": encoded(SOURCE), "cost": 600, **fields}
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_returns_uploaded_program_with_source_to_its_author(any_client: Client) -> None:
    spec = {"parameters": {"type": "object", "properties": {"n": {"type": "integer"}}}}
    program_id = upload(any_client, description="d", spec=spec)

    program = any_client.get(f"/programs/{program_id}")

    assert program["data"] == SOURCE
    assert (program["name"], program["description"], program["cost"]) == ("n", "d", 600)
    assert program["spec"] == spec
    assert program["is_public"] is False
    assert program["creation_date"].endswith("Z")
    assert len(program["creation_date"]) == 20


def test_updates_fields_of_a_program(alice: Client) -> None:
    program_id = upload(alice)

    changed = alice("PATCH", f"/programs/{program_id}", json={"name": "m", "cost": 700})
    assert changed.status_code == 204
    data = alice("PUT", f"/programs/{program_id}/data", data=encoded("x = 1"))
    assert data.status_code == 204

    program = alice.get(f"/programs/{program_id}")
    assert (program["name"], program["cost"], program["data"]) == ("m", 700, "x = 1")
    assert alice("PATCH", f"/programs/{program_id}", json={"is_public": True}).status_code == 400


def test_public_program_is_run_by_all_and_changed_by_its_author(alice: Client, bob: Client) -> None:
    program_id = upload(alice)
    assert bob("GET", f"/programs/{program_id}").status_code == 404
    assert bob.post(program_id=program_id).status_code == 404

    assert alice("PUT", f"/programs/{program_id}/public").status_code == 204

    assert "data" not in bob.get(f"/programs/{program_id}")
    assert bob.post(program_id=program_id).status_code == 200
    for method, path in (("DELETE", ""), ("PUT", "/private"), ("PUT", "/data"), ("PATCH", "")):
        answer = bob(method, f"/programs/{program_id}{path}", json={})
        assert answer.status_code == 403, path
    assert alice("PUT", f"/programs/{program_id}/private").status_code == 204
    assert bob("GET", f"/programs/{program_id}").status_code == 404


def test_queued_job_of_a_deleted_program_still_runs(
    alice: Client, executor: ScriptedExecutor
) -> None:
    program_id = upload(alice)
    first = alice.submit({"gate": "g"})
    second = alice.submit({"give": 1}, program_id=program_id)

    assert alice("DELETE", f"/programs/{program_id}").status_code == 204

    assert alice("DELETE", f"/programs/{program_id}").status_code == 404
    assert alice("GET", f"/programs/{program_id}").status_code == 404
    executor.open("g")
    alice.wait(first)
    assert alice.wait(second)["status"] == "Completed"
    assert executor.begun[1]["source"] == SOURCE
    assert executor.begun[0]["source"] is None


def test_programs_with_one_name_differ_by_id(alice: Client, executor: ScriptedExecutor) -> None:
    ids = [upload(alice, name=name) for name in ("n", "n", "n", "sampler")]
    other = upload(alice, name="other")
    assert alice("PATCH", f"/programs/{other}", json={"name": "n"}).status_code == 204

    assert len({*ids, other, "sampler"}) == 6
    named = [one["id"] for one in alice.get("/programs")["programs"] if one["name"] == "n"]
    assert named == [*ids[:3], other]
    assert alice("DELETE", f"/programs/{ids[0]}").status_code == 204
    assert alice("PUT", f"/programs/{ids[1]}/data", data=encoded("x = 1")).status_code == 204
    assert alice.get(f"/programs/{ids[2]}")["data"] == SOURCE
    alice.wait(alice.submit(program_id="sampler"))
    assert executor.begun[0]["source"] is None


def test_lists_programs_in_pages(alice: Client) -> None:
    ours = [upload(alice, name=f"p{number}") for number in range(23)]

    pages = [alice.get("/programs", limit=10, offset=offset) for offset in (0, 10, 20)]

    listed = [program["id"] for page in pages for program in page["programs"]]
    assert listed[-23:] == ours
    assert {"sampler", "estimator", "circuit-runner", "qasm3-runner", "hello-world"} == set(
        listed[:-23]
    )
    assert {page["count"] for page in pages} == {28}
    assert len(alice.get("/programs")["programs"]) == 20


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": ""}, 400),
        ({"cost": "long"}, 400),
        ({"cost": 0}, 400),
        ({"data": "no base64!"}, 400),
        ({"data": b64encode(b"\xff").decode()}, 400),
        ({"spec": "text"}, 400),
        ({"is_public": 1}, 400),
        ({"data": encoded("x" * 768_001)}, 413),
        ({"data": encoded("x" * 8_000_000)}, 413),
    ],
)
def test_rejects_invalid_program(
    fields: dict[str, Any], status: int, shared_client: Client
) -> None:
    body = {"name": "n", "data": encoded(SOURCE), "cost": 600, **fields}

    assert shared_client("POST", "/programs", json=body).status_code == status


def test_rejects_changes_of_built_in_programs(alice: Client) -> None:
    assert alice("DELETE", "/programs/sampler").status_code == 403
    assert alice("PATCH", "/programs/sampler", json={"name": "x"}).status_code == 403


def test_uploads_can_be_disabled(serve: Callable[..., BackgroundServer]) -> None:
    client = quantum_client(serve(uploads=False))
    body = {"name": "n", "data": encoded(SOURCE), "cost": 600}

    assert client("POST", "/programs", json=body).status_code == 403


def test_uploaded_program_has_the_time_limit_of_its_author(
    alice: Client, executor: ScriptedExecutor
) -> None:
    program_id = upload(alice, cost=1)

    job = alice.wait(alice.submit({"gate": "never"}, program_id=program_id))

    assert job["state"]["reason"] == "Ran too long"


def test_job_receives_the_schema_of_its_program(alice: Client, executor: ScriptedExecutor) -> None:
    schema = {"properties": {"n": {"type": "integer"}}, "required": ["n"]}
    program_id = upload(alice, spec={"parameters": schema})

    alice.wait(alice.submit({"n": "one"}, program_id=program_id))

    assert executor.begun[0]["parameters"] == schema
