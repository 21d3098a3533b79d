"""One ``run()`` creates at most one job, and none is lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_ibm_runtime.api.clients.runtime import RuntimeClient
from qiskit_ibm_runtime.api.clients.submission import (
    AmbiguousJobsError,
    Ledger,
    canonical,
    clock_ahead,
)
from qiskit_ibm_runtime.api.exceptions import RequestsApiError, SubmitUncertainError
from qiskit_ibm_runtime.exceptions import IBMError
from qiskit_ibm_runtime.testing.faults import Fault, When

JOBS = "/runtime/jobs$"
AFTER_ACCEPT = {
    "500": Fault("status", status=500, when="after", method="POST", path=JOBS, times=1),
    "504": Fault("status", status=504, when="after", method="POST", path=JOBS, times=1),
    "522": Fault("status", status=522, when="after", method="POST", path=JOBS, times=1),
    "reset": Fault("reset", when="after", method="POST", path=JOBS, times=1),
    "cut": Fault("reset", when="while", method="POST", path=JOBS, times=1),
    "page": Fault(
        "status", status=200, body="<html>", when="after", method="POST", path=JOBS, times=1
    ),
}


@pytest.fixture(params=[False, True], ids=["old service", "service that honors keys"])
def honors_keys(request: pytest.FixtureRequest, service: Any) -> bool:
    service.honors_keys = request.param
    return request.param


def run(client: Any, inputs: Any = None, tags: list[str] | None = None) -> str:
    params = {"iterations": 1} if inputs is None else inputs
    return client.program_run("hello-world", "a-device", params, None, None, None, None, tags)["id"]


@pytest.mark.parametrize("fault", AFTER_ACCEPT.values(), ids=AFTER_ACCEPT)
@pytest.mark.parametrize("first", [True, False], ids=["first submit", "later submit"])
def test_finds_job_whose_response_was_lost(
    client: Any, service: Any, honors_keys: bool, fault: Fault, first: bool
) -> None:
    if not first:
        run(client, {"another": 1})
    service.fail(fault)
    before = len(service.jobs)
    job_id = run(client)

    assert len(service.jobs) == before + 1
    assert service.jobs[job_id]["params"] == {"iterations": 1}


def test_retries_share_one_key_and_submits_have_different_keys(client: Any, service: Any) -> None:
    service.honors_keys = True
    run(client)
    service.fail(Fault("status", status=502, method="POST", path=JOBS, times=3))
    run(client)
    keys = [seen.headers["idempotency-key"] for seen in service.asked("POST", "/runtime/jobs")]

    assert len(keys) == 5
    assert len(set(keys)) == len(set(keys[1:])) + 1 == 2
    assert len(service.jobs) == 2


@pytest.mark.parametrize("accepted", [False, True], ids=["at the gateway", "after accept"])
def test_six_bad_gateways_still_create_one_job(client: Any, service: Any, accepted: bool) -> None:
    service.honors_keys = True
    when: When = "after" if accepted else "before"
    service.fail(Fault("status", status=502, method="POST", path=JOBS, times=6, when=when))
    job_id = run(client)

    assert list(service.jobs) == [job_id]


def test_submits_once_to_a_service_without_keys_and_finds_the_job(
    client: Any, service: Any
) -> None:
    service.fail(Fault("status", status=502, method="POST", path=JOBS, times=6, when="after"))

    assert run(client) == "job-000000"
    assert len(service.asked("POST", "/runtime/jobs")) == 1


def test_never_resubmits_to_a_service_without_keys_in_doubt(client: Any, service: Any) -> None:
    service.fail(Fault("status", status=502, method="POST", path=JOBS, times=1))
    with pytest.raises(SubmitUncertainError, match="No matching job was found") as caught:
        run(client)

    assert len(service.asked("POST", "/runtime/jobs")) == 1
    assert service.jobs == {}
    error = caught.value
    assert (error.status_code, error.candidates, error.failure.uncertain) == (502, (), True)


@pytest.mark.parametrize("status", [429, 503])
def test_rejected_submit_is_retried_with_any_service(
    client: Any, service: Any, honors_keys: bool, status: int, pauses: list[float]
) -> None:
    service.fail(Fault("status", status=status, retry_after=2, method="POST", path=JOBS, times=3))
    run(client)

    assert len(service.jobs) == 1
    assert pauses == [2.0] * 3


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_permanently_rejected_submit_is_not_uncertain(
    client: Any, service: Any, honors_keys: bool, status: int
) -> None:
    service.fail(Fault("status", status=status, method="POST", path=JOBS))
    with pytest.raises(RequestsApiError) as caught:
        run(client)

    assert not isinstance(caught.value, SubmitUncertainError)
    assert caught.value.status_code == status
    assert len(service.seen) == len(service.asked("POST", "/runtime/jobs")) + 2


def test_rejection_does_not_hide_an_earlier_job(client: Any, service: Any) -> None:
    """The first response is lost, then the credentials are revoked: the job exists."""
    service.honors_keys = True
    run(client, {"another": 1})
    after = Fault("status", status=502, when="after", method="POST", path=JOBS, nth=[1])
    service.fail(after, Fault("status", status=401, path="/runtime"))
    with pytest.raises(SubmitUncertainError, match="Listing jobs failed too"):
        run(client)

    assert len(service.jobs) == 2


def test_failing_login_does_not_hide_an_earlier_job(client: Any, service: Any) -> None:
    """The first response is lost, then the token expires and the account is closed."""
    service.honors_keys = True
    run(client, {"another": 1})
    after = Fault("status", status=502, when="after", method="POST", path=JOBS, nth=[1])
    service.fail(after, Fault("status", status=401, path="/"))
    with pytest.raises(SubmitUncertainError) as caught:
        run(client)

    assert caught.value.failure.uncertain
    assert len(service.jobs) == 2


def test_polls_a_service_that_lists_jobs_late(client: Any, service: Any) -> None:
    service.listing_lags = 2
    service.fail(AFTER_ACCEPT["reset"])

    assert run(client) == "job-000000"
    assert len(service.asked("GET", "/runtime/jobs")) == 3


@pytest.mark.parametrize("ahead", [-400, 0, 400], ids=["behind", "equal", "ahead"])
def test_tolerates_clock_differences(client: Any, service: Any, ahead: int) -> None:
    """An older, equal job of another run is not adopted, whatever the clocks say."""
    service.clock_ahead = timedelta(seconds=ahead)
    old = service.add_job({"program_id": "hello-world", "params": {"iterations": 1}})
    created = service.now() - timedelta(seconds=30)
    service.jobs[old]["created"] = created.isoformat()
    service.fail(AFTER_ACCEPT["reset"])

    assert run(client) == "job-000001"


def test_identical_foreign_job_makes_the_submit_uncertain(client: Any, service: Any) -> None:
    service.fail(AFTER_ACCEPT["500"])
    submit, strange = service.add_job, []

    def with_a_stranger(body: Any) -> str:
        strange.append(submit(body))
        return submit(body)

    service.add_job = with_a_stranger
    with pytest.raises(SubmitUncertainError, match="It may be one of these jobs") as caught:
        run(client)

    assert set(caught.value.candidates) == set(service.jobs) == {"job-000000", "job-000001"}
    assert all(job_id in caught.value.message for job_id in caught.value.candidates)
    assert caught.value.failure.status == 500


@pytest.mark.parametrize(
    "difference",
    [{"params": {"iterations": 2}}, {"tags": ["other"]}, {"created": "2020-01-01T00:00:00Z"}],
    ids=["inputs", "tags", "age"],
)
def test_different_foreign_job_is_not_adopted(
    client: Any, service: Any, difference: dict[str, Any]
) -> None:
    stranger = service.add_job({"program_id": "hello-world", "params": {"iterations": 1}})
    service.jobs[stranger].update(difference)
    if "created" not in difference:
        service.jobs[stranger]["created"] = (service.now() + timedelta(minutes=1)).isoformat()
    service.fail(Fault("reset", method="POST", path=JOBS, times=1))
    with pytest.raises(SubmitUncertainError) as caught:
        run(client)

    assert caught.value.candidates == ()


def test_jobs_owned_by_the_process_are_not_adopted_twice(client: Any, service: Any) -> None:
    first = run(client)
    service.jobs[first]["created"] = (service.now() + timedelta(minutes=1)).isoformat()
    service.fail(Fault("reset", method="POST", path=JOBS, times=1))
    with pytest.raises(SubmitUncertainError) as caught:
        run(client)

    assert caught.value.candidates == ()


def test_failing_listing_is_reported(client: Any, service: Any) -> None:
    service.fail(AFTER_ACCEPT["500"], Fault("status", status=500, method="GET", path=JOBS))
    with pytest.raises(SubmitUncertainError, match="Listing jobs failed too"):
        run(client)


def test_equal_concurrent_submits_get_separate_jobs(client: Any, service: Any) -> None:
    """Their jobs are interchangeable, so it suffices that no two adopt the same one."""
    when: list[When] = ["before", "after"]
    service.fail(
        *(Fault("reset", when=w, method="POST", path=JOBS, rate=0.2) for w in when), seed=3
    )

    def submit(_: int) -> str | None:
        try:
            return run(client)
        except SubmitUncertainError:
            return None

    with ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(submit, range(120)))
    got = [job_id for job_id in ids if job_id is not None]

    assert len(got) == len(set(got))
    assert set(got) <= set(service.jobs)
    resets_after = len(service.jobs) - sum(1 for i in got)
    assert resets_after <= ids.count(None)


def test_cancel_whose_response_was_lost_succeeds(client: Any, service: Any) -> None:
    job_id = run(client)
    service.fail(Fault("status", status=502, when="after", path="/cancel", times=1))
    client.job_cancel(job_id)

    assert service.jobs[job_id]["state"]["status"] == "Cancelled"
    with pytest.raises(RequestsApiError) as caught:
        client.job_cancel(job_id)
    assert caught.value.status_code == 409


def test_delete_whose_response_was_lost_succeeds(client: Any, service: Any) -> None:
    job_id = run(client)
    service.fail(Fault("reset", when="after", method="DELETE", times=1))
    client.job_delete(job_id)

    assert service.jobs == {}
    with pytest.raises(RequestsApiError) as caught:
        client.job_delete(job_id)
    assert caught.value.status_code == 404


def test_embedded_runtime_is_known_to_honor_keys(log_in: Any, service: Any) -> None:
    params = log_in()
    params.channel = "local"
    service.honors_keys = True
    service.fail(Fault("reset", method="POST", path=JOBS, times=2))
    run(RuntimeClient(params))

    assert len(service.asked("POST", "/runtime/jobs")) == 3
    assert len(service.jobs) == 1


NOW = datetime(2026, 1, 1, 12, 0, 0, 700_000, tzinfo=timezone.utc)


@given(st.integers(-86_400, 86_400), st.integers(0, 999_999))
def test_clock_estimate_is_never_too_late(skew: int, fraction: int) -> None:
    """The search for the job starts there; starting too late would miss it."""
    received = NOW.replace(microsecond=fraction)
    theirs = received + timedelta(seconds=skew)
    ahead = clock_ahead(format_datetime(theirs.replace(microsecond=0), usegmt=True), received)

    assert timedelta(seconds=skew - 1) <= ahead <= timedelta(seconds=skew)


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_allows_a_second_without_a_clock(date: str | None) -> None:
    assert clock_ahead(date, NOW) == timedelta(seconds=-1)


@pytest.mark.parametrize(
    "inputs", [{"a": 1, "b": [1.5]}, [{"b": [1.5], "a": 1}], '{"b": [1.5], "a": 1}']
)
def test_recognizes_inputs_in_each_service_format(inputs: Any) -> None:
    assert canonical(inputs) == canonical({"b": [1.5], "a": 1})


class TestLedger:
    """Ownership of jobs."""

    def test_waits_for_equal_submits_that_may_own_a_listed_job(self) -> None:
        ledger = Ledger()
        with ledger.submitting("s", "body") as first, ledger.submitting("s", "body") as second:
            ledger.starts_looking(first)
            answered = threading.Timer(0.05, ledger.settle, (second, "job-2"))
            answered.start()
            listed = second.began + 1
            assert ledger.claim(first, ["job-2", "job-1"], listed, patience=30) == "job-1"
            answered.join()

    def test_is_uncertain_about_jobs_an_equal_submit_may_own(self) -> None:
        ledger = Ledger()
        with ledger.submitting("s", "body") as first, ledger.submitting("s", "body") as second:
            ledger.starts_looking(first)
            with pytest.raises(AmbiguousJobsError):
                ledger.claim(first, ["job"], second.began + 1, patience=0.01)

    def test_does_not_wait_for_submits_that_began_after_the_listing(self) -> None:
        ledger = Ledger()
        with ledger.submitting("s", "body") as first:
            ledger.starts_looking(first)
            listed = first.began
            with ledger.submitting("s", "body") as second:
                second.began = listed + 1
                assert ledger.claim(first, ["job"], listed, patience=30) == "job"

    def test_forgets_the_oldest_jobs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("qiskit_ibm_runtime.api.clients.submission._MOST_IDS", 10)
        ledger = Ledger()
        with ledger.submitting("s", "body") as submit:
            for number in range(50):
                ledger.settle(submit, f"job-{number}")

        assert len(ledger._owned) == 10


def test_any_submit_failure_is_a_typed_error(client: Any, service: Any) -> None:
    for seed in range(12):
        service.fail(Fault("reset", rate=0.5), Fault("status", status=500, rate=0.5), seed=seed)
        outcome: Any
        try:
            outcome = run(client)
        except IBMError as error:
            outcome = error

        assert outcome in service.jobs or outcome.failure is not None
