"""Job endpoints and streams of the classic protocol."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from websocket import WebSocketBadStatusException

from .conftest import SIMULATOR, Client, ScriptedExecutor, read_stream


def test_job_returns_the_result_of_its_program(any_client: Client) -> None:
    job_id = any_client.submit({"give": [1, 2]}, tags=["a", "b"], cost=400, runtime="a/b:1.0")

    job = any_client.wait(job_id)

    assert job["state"] == {"status": "Completed", "reason": ""}
    assert job["params"] == {"give": [1, 2]}
    assert (job["tags"], job["cost"], job["runtime"]) == (["a", "b"], 400, "a/b:1.0")
    assert job["program"] == {"id": "hello-world"}
    assert job["created"].endswith("Z")
    assert any_client("GET", f"/jobs/{job_id}/results").text == "[1, 2]"


def test_returns_inputs_as_sent_without_content_type(alice: Client) -> None:
    text = '{"program_id": "hello-world", "backend": "ibmq_qasm_simulator", "params": {"x": NaN}}'
    answer = alice("POST", "/jobs", data=text)

    job = alice.wait(answer.json()["id"])

    assert str(job["params"]["x"]) == "nan"


def test_repeated_submit_with_one_key_creates_one_job(alice: Client) -> None:
    def again(_: int) -> tuple[str, str]:
        answer = alice.post({"give": 1}, headers={"Idempotency-Key": "k-1"})
        return answer.json()["id"], answer.headers["Idempotency-Key"]

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(again, range(16)))

    assert len(answers) == 1
    assert answers.pop()[1] == "k-1"
    assert alice.get("/jobs")["count"] == 1


def test_key_of_a_deleted_job_creates_no_second_job(alice: Client) -> None:
    job_id = alice.submit(headers={"Idempotency-Key": "k"})
    alice("DELETE", f"/jobs/{job_id}")

    assert alice.submit(headers={"Idempotency-Key": "k"}) == job_id
    assert alice.get("/jobs")["count"] == 0


def test_rejects_key_of_another_job(alice: Client, bob: Client) -> None:
    alice.submit({"give": 1}, headers={"Idempotency-Key": "k"})

    refused = alice.post({"give": 2}, headers={"Idempotency-Key": "k"})

    assert refused.status_code == 409
    assert "Idempotency-Key" in refused.json()["errors"][0]["message"]
    assert bob.post({"give": 2}, headers={"Idempotency-Key": "k"}).status_code == 200


def test_result_of_a_failed_job_is_its_traceback(alice: Client) -> None:
    job_id = alice.submit({"fail": "Traceback (most recent call last):\nValueError: no"})

    assert alice.wait(job_id)["status"] == "Failed"
    assert "ValueError: no" in alice("GET", f"/jobs/{job_id}/results").text
    assert alice("GET", f"/jobs/{job_id}/logs").text == "it went wrong"


def test_cancels_job_that_runs_too_long(alice: Client, executor: ScriptedExecutor) -> None:
    job_id = alice.submit({"gate": "never"}, cost=1)

    job = alice.wait(job_id)

    assert job["state"] == {"status": "Cancelled", "reason": "Ran too long"}
    assert alice.wait(alice.submit({"give": 1}))["status"] == "Completed"
    assert len(executor.killed) == 1


def test_late_subscriber_receives_all_messages(alice: Client) -> None:
    job_id = alice.submit({"say": [{"n": n} for n in range(250)], "give": "end"})
    alice.wait(job_id)

    texts, code = read_stream(alice.listen(job_id))

    assert code == 1000
    assert "Listening" in texts[0]
    assert [json.loads(text) for text in texts[1:]] == [*({"n": n} for n in range(250)), "end"]
    interim = alice.get(f"/jobs/{job_id}/interim_results")
    assert [json.loads(text) for text in interim] == [{"n": n} for n in range(250)]


def test_all_subscribers_receive_the_same_messages(
    alice: Client, executor: ScriptedExecutor
) -> None:
    job_id = alice.submit({"say": ["a", "b"], "gate": "g", "give": "c"})
    streams = [alice.listen(job_id) for _ in range(3)]
    heard = [[stream.recv() for _ in range(3)][1:] for stream in streams]
    executor.open("g")

    assert heard == [['"a"', '"b"']] * 3
    assert [read_stream(stream) for stream in streams] == [(['"c"'], 1000)] * 3


def test_disconnecting_subscriber_does_not_affect_others(
    alice: Client, executor: ScriptedExecutor
) -> None:
    job_id = alice.submit({"gate": "g", "give": 1})
    alice.listen(job_id).shutdown()
    staying = alice.listen(job_id)
    executor.open("g")

    assert read_stream(staying)[0][-1] == "1"


def test_prefer_wait_responds_when_the_job_ends(alice: Client, executor: ScriptedExecutor) -> None:
    job_id = alice.submit({"gate": "g", "say": ["a"]})
    executor.wait_for(1)

    with ThreadPoolExecutor(1) as pool:
        asking = {"headers": {"Prefer": "respond-async, wait=9"}}
        answer = pool.submit(alice, "GET", f"/jobs/{job_id}", **asking)
        alice.get(f"/jobs/{job_id}")
        assert not answer.done()
        executor.open("g")

        assert answer.result(30).json()["status"] == "Completed"


@pytest.mark.parametrize("preference", ["wait=0", "wait", "handling=lenient"])
def test_prefer_wait_responds_after_its_time(
    preference: str, alice: Client, executor: ScriptedExecutor
) -> None:
    job_id = alice.submit({"gate": "never"})
    executor.wait_for(1)

    answer = alice("GET", f"/jobs/{job_id}", headers={"Prefer": preference})

    assert answer.json()["status"] == "Running"


def test_prefer_wait_responds_not_found_for_a_deleted_job(
    alice: Client, executor: ScriptedExecutor
) -> None:
    job_id = alice.submit({"gate": "never"})
    executor.wait_for(1)

    with ThreadPoolExecutor(1) as pool:
        wait = {"headers": {"Prefer": "wait=9"}}
        answer = pool.submit(alice, "GET", f"/jobs/{job_id}", **wait)
        alice("DELETE", f"/jobs/{job_id}")

        assert answer.result(30).status_code == 404


def test_cancel_closes_streams_before_its_response(
    alice: Client, executor: ScriptedExecutor
) -> None:
    job_id = alice.submit({"say": ["x"], "gate": "never"})
    stream = alice.listen(job_id)
    executor.wait_for(1)

    assert alice("POST", f"/jobs/{job_id}/cancel").status_code == 204

    stream.settimeout(0.5)  # everything has been sent already
    texts, code = read_stream(stream)
    assert (texts[1:], code) == (['"x"'], 1000)
    assert alice.get(f"/jobs/{job_id}")["status"] == "Cancelled"
    assert len(executor.killed) == 1


def test_canceled_queued_job_never_runs(alice: Client, executor: ScriptedExecutor) -> None:
    first, second = (alice.submit({"gate": "g"}, backend="fake_lima") for _ in range(2))

    assert alice("POST", f"/jobs/{second}/cancel").status_code == 204
    executor.open("g")
    alice.wait(first)

    assert alice.wait(second)["status"] == "Cancelled"
    assert len(executor.begun) == 1


def test_rejects_cancel_of_a_finished_job(alice: Client) -> None:
    job_id = alice.submit()
    alice.wait(job_id)

    refused = alice("POST", f"/jobs/{job_id}/cancel")

    assert refused.status_code == 409
    assert job_id in refused.json()["errors"][0]["message"]


@pytest.mark.parametrize("state", ["waiting", "running", "ended"])
def test_deletes_job_in_any_state(state: str, alice: Client, executor: ScriptedExecutor) -> None:
    gate = None
    if state == "waiting":
        gate = alice.submit({"gate": "g"}, backend="fake_lima")
        executor.wait_for(1)
    job_id = alice.submit({"gate": "own", "say": [1]}, backend="fake_lima")
    if state == "running":
        executor.wait_for(1)
    if state == "ended":
        executor.open("own")
        alice.wait(job_id)

    assert alice("DELETE", f"/jobs/{job_id}").status_code == 204

    for path in ("", "/results", "/interim_results", "/logs", "/metrics"):
        assert alice("GET", f"/jobs/{job_id}{path}").status_code == 404
    assert alice("DELETE", f"/jobs/{job_id}").status_code == 404
    executor.open("g")
    assert gate is None or alice.wait(gate)["status"] == "Completed"
    assert alice.wait(alice.submit({"give": 1}))["status"] == "Completed"


def test_logs_are_available_once_the_job_has_finished(
    alice: Client, executor: ScriptedExecutor
) -> None:
    job_id = alice.submit({"gate": "g", "log": "line"}, log_level="INFO")
    assert alice("GET", f"/jobs/{job_id}/logs").status_code == 404
    executor.open("g")
    alice.wait(job_id)

    assert alice("GET", f"/jobs/{job_id}/logs").text == "line"
    assert executor.begun[0]["log_level"] == "INFO"


def test_metrics_report_timestamps_and_queue_position(
    alice: Client, executor: ScriptedExecutor
) -> None:
    first, second, third = (alice.submit({"gate": "g"}, backend="fake_lima") for _ in range(3))
    executor.wait_for(1)

    waiting = alice.get(f"/jobs/{third}/metrics")
    assert waiting["position_in_queue"] == 2
    assert waiting["timestamps"]["running"] is None
    assert alice.get("/backends/fake_lima/status")["length_queue"] == 3
    executor.open("g")
    alice.wait(first)
    alice.wait(third)

    times = alice.get(f"/jobs/{second}/metrics")["timestamps"]
    assert times["created"] < times["running"] < times["finished"]


def test_lists_jobs_by_every_filter(alice: Client, executor: ScriptedExecutor) -> None:
    ids = [
        alice.submit(tags=["t1"]),
        alice.submit(tags=["t1", "t 2"], start_session=True, session_time=60),
        alice.submit(program_id="sampler", backend="fake_lima"),
    ]
    for job_id in ids:
        alice.wait(job_id)
    ids.append(alice.submit({"gate": "never"}))
    created = [alice.get(f"/jobs/{job_id}")["created"] for job_id in ids]

    def found(**params: object) -> list[int]:
        return [ids.index(job["id"]) for job in alice.get("/jobs", **params)["jobs"]]

    assert found() == [3, 2, 1, 0]
    assert found(sort="ASC") == [0, 1, 2, 3]
    assert found(backend="fake_lima") == [2]
    assert found(program="sampler") == [2]
    assert found(pending="true") == [3]
    assert found(pending="false") == [2, 1, 0]
    assert found(tags=["t1"]) == [1, 0]
    assert found(tags=["t1", "t 2"]) == [1]
    assert found(session_id=ids[1]) == [1]
    assert found(created_after=created[2]) == [3, 2]
    assert found(created_before=created[1].replace("Z", "+00:00")) == [1, 0]
    assert found(provider="ibm-q/open/main", sort="ASC", limit=2, offset=1) == [1, 2]
    assert found(provider="no/such/place") == []


def test_pages_contain_every_job_once(alice: Client) -> None:
    ids = [alice.submit() for _ in range(7)]

    pages = [alice.get("/jobs", limit=3, offset=offset) for offset in (0, 3, 6)]

    assert [job["id"] for page in pages for job in page["jobs"]] == ids[::-1]
    assert {page["count"] for page in pages} == {7}
    assert all("params" in job for job in pages[0]["jobs"])
    brief = alice.get("/jobs", limit=3, exclude_params="true")
    assert not any("params" in job for job in brief["jobs"])
    assert "params" not in alice.get(f"/jobs/{ids[0]}", exclude_params="true")


@pytest.mark.parametrize("limit", [201, 5000, 10**30])
def test_reduces_too_large_limit(limit: object, shared_client: Client) -> None:
    assert shared_client.get("/jobs", limit=limit)["limit"] == 200
    assert shared_client.get("/programs", limit=limit)["limit"] == 200


@pytest.mark.parametrize("count", [100, 3000])
def test_finds_jobs_by_any_number_of_tags(count: int, alice: Client) -> None:
    tags = [f"t{number}" for number in range(100)]
    job_id = alice.submit(tags=tags)
    alice.submit(tags=tags[1:])

    found = alice.get("/jobs", tags=[f"t{number}" for number in range(count)])

    assert [job["id"] for job in found["jobs"]] == [job_id][: count == 100]
    assert alice.get("/jobs", tags=["t0"] * count)["count"] == 1


def test_ignores_trailing_slash(any_client: Client) -> None:
    job_id = any_client.submit({"give": 1}, tags=["t"])
    any_client.wait(job_id)

    for path in ("/backends", "/jobs", f"/jobs/{job_id}", f"/jobs/{job_id}/results", "/programs"):
        assert any_client("GET", f"{path}/").json() == any_client("GET", path).json()
    assert any_client("DELETE", "/jobs/").status_code == 405
    assert any_client("DELETE", f"/jobs/{job_id}/").status_code == 204


def test_json_is_compact(alice: Client) -> None:
    body = {"program_id": "hello-world", "params": {"say": [1, 2]}, "backend": SIMULATOR}
    compact = json.dumps({**body, "tags": ["a", "b"]}, separators=(",", ":"))
    job_id = alice("POST", "/jobs", data=compact).json()["id"]
    alice.wait(job_id)

    for path in ("/jobs", f"/jobs/{job_id}", f"/jobs/{job_id}/interim_results", "/backends"):
        answer = alice("GET", path)
        assert answer.json() is not None
        assert " " not in answer.text  # none of these values has one


def test_returns_type_of_a_job(alice: Client, bob: Client) -> None:
    job_id = alice.submit()

    assert alice.get(f"/facade/v1/jobs/{job_id}/type") == {"type": "RUNTIME"}
    assert bob("GET", f"/facade/v1/jobs/{job_id}/type").status_code == 404


def test_users_see_only_their_own_jobs(alice: Client, bob: Client) -> None:
    job_id = alice.submit()

    assert bob.get("/jobs")["jobs"] == []
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/results")):
        assert bob(method, f"/jobs/{job_id}{path}").status_code == 404
    with pytest.raises(WebSocketBadStatusException) as caught:
        bob.listen(job_id)
    assert caught.value.status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"program_id": "no-such"}, 404, "no-such"),
        ({"program_id": 7}, 400, "program_id"),
        ({"program_id": None}, 400, "program_id"),
        ({"backend": "no-such"}, 404, "no-such"),
        ({"backend": None}, 400, "backend"),
        ({"params": []}, 400, "params"),
        ({"runtime": "no tag"}, 400, "runtime"),
        ({"log_level": "LOUD"}, 400, "log_level"),
        ({"tags": "text"}, 400, "tags"),
        ({"tags": [1]}, 400, "tags"),
        ({"tags": ["\ud800"]}, 400, "surrogate"),
        ({"tags": {"__type__": "set", "__value__": ["a"]}}, 400, "tags"),
        ({"backend": {"__type__": "str"}}, 400, "backend"),
        ({"cost": 0}, 400, "cost"),
        ({"cost": True}, 400, "cost"),
        ({"session_id": "no-such"}, 404, "no-such"),
        ({"start_session": True, "session_time": 0}, 400, "session_time"),
        ({"hub": "ibm-q"}, 400, "together"),
        ({"hub": "a", "group": "b", "project": "c"}, 404, "a/b/c"),
    ],
)
def test_rejects_invalid_submit_by_field(
    body: dict[str, object], status: int, word: str, shared_client: Client
) -> None:
    whole = {"program_id": "hello-world", "params": {}, "backend": SIMULATOR, **body}
    answer = shared_client("POST", "/jobs", json={k: v for k, v in whole.items() if v is not None})

    assert answer.status_code == status, answer.text
    assert word in answer.json()["errors"][0]["message"]
    assert answer.json()["trace"]
    assert shared_client.get("/jobs")["count"] == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"__type__": "x"}',
        b"\xff",
        b"[" * 100_000,
        b"1" * 10_000,
        b'"text"',
    ],
)
def test_rejects_body_that_is_not_a_json_object(body: bytes, shared_client: Client) -> None:
    assert shared_client("POST", "/jobs", data=body).status_code == 400
    assert shared_client("POST", "/programs", data=body).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=many",
        "offset=-1",
        "offset=99999999999999999999",
        "pending=maybe",
        "sort=UP",
        "created_after=yesterday",
        "created_before=0001-01-01T00:00:00%2B14:00",
        "provider=hub",
        "exclude_params=maybe",
    ],
)
def test_rejects_malformed_query(query: str, shared_client: Client) -> None:
    answer = shared_client("GET", f"/jobs?{query}")

    assert answer.status_code == 400
    assert query.split("=", maxsplit=1)[0] in answer.json()["errors"][0]["message"]
