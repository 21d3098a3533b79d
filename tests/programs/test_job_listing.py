"""Listing jobs: pages, filters, and jobs whose backend or instance no longer exists."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.standin import DEVICE, StandIn

from qiskit_ibm_runtime import (
    IBMInputValueError,
    IBMNotAuthorizedError,
    IBMRuntimeError,
    RuntimeJobNotFound,
)
from qiskit_ibm_runtime._service.jobs import JobListing
from qiskit_ibm_runtime.api.exceptions import RequestsApiError

UTC = timezone.utc


def ids(jobs) -> list[str]:
    return [job.job_id() for job in jobs]


def named(first: int, end: int) -> list[str]:
    return [f"job{number}" for number in range(first, end)]


def test_five_hundred_jobs_take_the_minimum_number_of_requests(standin):
    """
    Pages of 200: three requests, and none for backends or single jobs.
    """
    standin.page_size = 200
    standin.add_jobs(700)

    jobs = standin.service().jobs(limit=500)

    assert ids(jobs) == named(0, 500)
    assert standin.asked("GET /jobs") == [
        {"limit": "500"},
        {"limit": "300", "offset": "200"},
        {"limit": "100", "offset": "400"},
    ]
    assert len(standin.requests) == 3


def test_unlimited_listing_requests_full_pages(standin):
    standin.page_size = 200
    standin.add_jobs(450)

    assert ids(standin.service().jobs(limit=None)) == named(0, 450)
    assert [query["limit"] for query in standin.asked("GET /jobs")] == ["200"] * 4


def test_short_page_is_not_assumed_to_be_the_last(standin):
    standin.page_size = 7
    standin.add_jobs(20)

    assert ids(standin.service().jobs(limit=None)) == named(0, 20)
    assert len(standin.requests) == 4


@pytest.mark.parametrize(
    ("limit", "skip", "found", "requests"),
    [
        (10, 0, (0, 5), 2),
        (2, 1, (1, 3), 1),
        (None, 3, (3, 5), 2),
        (10, 5, (0, 0), 1),
        (10, 6, (0, 0), 1),
        (None, 99, (0, 0), 1),
        (0, 0, (0, 5), 2),
        (5, None, (0, 5), 1),
    ],
)
def test_limit_and_skip_select_a_slice(standin, limit, skip, found, requests):
    standin.add_jobs(5)

    assert ids(standin.service().jobs(limit=limit, skip=skip)) == named(*found)
    assert len(standin.requests) == requests


@pytest.mark.parametrize("count", [1000, 5, 2, 0, -1, None, "many"])
def test_lists_all_jobs_whatever_count_the_service_reports(standin, count):
    standin.page_size = 2
    standin.add_jobs(5)
    standin.count = lambda _page: count

    assert ids(standin.service().jobs(limit=None)) == named(0, 5)
    assert len(standin.requests) == 4


def test_lists_all_jobs_if_the_service_counts_per_page(standin):
    standin.page_size = 50
    standin.add_jobs(120)
    standin.count = len

    assert ids(standin.service().jobs(limit=None)) == named(0, 120)


@pytest.mark.parametrize("count", [3, 2, None])
def test_listing_ends_if_the_service_ignores_the_offset(standin, count):
    def jobs_get(**_filters):
        records = [{"id": f"job{number}", "program": {"id": "p"}} for number in range(3)]
        return {"jobs": records, "count": count}

    service = standin.service()
    service._api_client = SimpleNamespace(jobs_get=jobs_get)

    assert ids(JobListing(service)) == named(0, 3)


def test_jobs_that_move_to_the_next_page_are_listed_once(standin):
    """
    Two jobs are created while the first page is read, so its last two recur on the second.
    """
    standin.page_size = 4
    standin.add_jobs(8)
    jobs = iter(JobListing(standin.service()))
    first = [next(jobs) for _ in range(4)]
    standin.jobs[:0] = [{**standin.jobs[0], "id": "new0"}, {**standin.jobs[0], "id": "new1"}]

    assert ids([*first, *jobs]) == named(0, 8)


def test_jobs_that_disappear_between_pages_are_tolerated(standin):
    standin.page_size = 2
    standin.add_jobs(6)
    jobs = iter(JobListing(standin.service()))
    first = next(jobs)
    del standin.jobs[2:]

    assert ids([first, *jobs]) == named(0, 2)


def test_pages_are_fetched_lazily(standin):
    standin.page_size = 3
    standin.add_jobs(9)
    listing = JobListing(standin.service())
    jobs = iter(listing)

    assert len(standin.requests) == 0
    assert ids([next(jobs), next(jobs), next(jobs)]) == named(0, 3)
    assert len(standin.requests) == 1
    assert next(jobs).job_id() == "job3"
    assert len(standin.requests) == 2
    assert ids(listing) == named(0, 9)


@given(
    total=st.integers(0, 30),
    page_size=st.integers(1, 12),
    limit=st.none() | st.integers(0, 40),
    skip=st.integers(0, 40),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_listing_takes_one_request_per_page(total, page_size, limit, skip):
    from types import SimpleNamespace

    model = StandIn(page_size)
    model.add_jobs(total)
    asked = []

    def jobs_get(limit, skip, **filters):
        asked.append(skip)
        return model._page(model.jobs, {"limit": [str(limit)], "offset": [str(skip)]}, "jobs")

    service = SimpleNamespace(
        channel="ibm_quantum", _api_client=SimpleNamespace(jobs_get=jobs_get), _client_params=None
    )
    records = list(JobListing(service, limit, skip)._records())  # type: ignore[arg-type]

    limit = limit or None  # 0 means all, as in 0.9.3
    end = total if limit is None else min(total, skip + limit)
    part = named(skip, end)
    assert [record["id"] for record in records] == part
    # Unless the limit ends it, only an empty page marks the end.
    full = limit is not None and len(part) == limit
    assert len(asked) == -(-len(part) // page_size) + (not full)


def test_every_filter_is_sent_under_its_service_name(standin):
    standin.service().jobs(
        limit=2,
        skip=1,
        backend_name=DEVICE,
        pending=True,
        program_id="sampler",
        instance="h/g/p",
        job_tags=["t1", "t 2"],
        session_id="sid",
        created_after=datetime(2023, 1, 1, 5, tzinfo=UTC),
        created_before=datetime(2023, 2, 1, 10, tzinfo=timezone(timedelta(hours=2))),
        descending=False,
    )

    assert standin.asked("GET /jobs") == [
        {
            "limit": "2",
            "offset": "1",
            "backend": DEVICE,
            "pending": "true",
            "program": "sampler",
            "provider": "h/g/p",
            "tags": "t1,t 2",
            "session_id": "sid",
            "created_after": "2023-01-01T05:00:00+00:00",
            "created_before": "2023-02-01T08:00:00+00:00",
            "sort": "ASC",
        }
    ]


@pytest.mark.parametrize(
    ("filters", "query"),
    [
        ({"job_tags": "t1"}, {"tags": "t1"}),
        ({"job_tags": ("t1", "t2")}, {"tags": "t1,t2"}),
        ({"program_id": UUID(int=5)}, {"program": str(UUID(int=5))}),
        ({"pending": 1}, {"pending": "true"}),
        ({"pending": 0}, {"pending": "false"}),
        ({"descending": None}, {}),
        ({"limit": 5.0}, {"limit": "5"}),
        (dict.fromkeys(["limit", "skip", "backend_name", "program_id", "session_id"], ""), {}),
        (dict.fromkeys(["job_tags", "created_after", "created_before"], ""), {}),
    ],
)
def test_filters_are_interpreted_as_in_0_9_3(standin, filters, query):
    """
    Empty values do not filter, IDs may be any object, and flags any value.
    """
    standin.service().jobs(**filters)

    asked = standin.asked("GET /jobs")[0]
    default = "10" if filters.get("limit", 10) else "200"
    assert asked == {"limit": default, **query}


def test_naive_date_is_local_and_may_be_a_string(standin, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        standin.service().jobs(created_after="2023-01-01T09:00", pending=False)
    finally:
        monkeypatch.undo()
        time.tzset()

    (query,) = standin.asked("GET /jobs")
    assert query["created_after"] == "2023-01-01T00:00:00+00:00"
    assert query["pending"] == "false"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"limit": -1}, "'limit' must be a number of at least 0, or None, not -1"),
        ({"limit": 1.5}, "'limit' .* not 1.5"),
        ({"limit": "5"}, "'limit' .* not '5'"),
        ({"skip": -2}, "'skip' .* not -2"),
        ({"instance": "h/g"}, "hub/group/project"),
        ({"job_tags": [1]}, "job_tags needs to be a list of strings"),
        ({"created_after": "some day"}, "'created_after' must be a datetime.*'some day'"),
        ({"created_before": 20230101}, "'created_before' must be a datetime"),
    ],
)
def test_rejects_invalid_filter_before_sending(standin, arguments, text):
    service = standin.service()

    with pytest.raises(IBMInputValueError, match=text):
        service.jobs(**arguments)
    assert standin.requests == []


def test_cloud_rejects_instance_filter(standin):
    service = standin.service("ibm_cloud")

    with pytest.raises(IBMInputValueError, match="'instance' is only supported"):
        service.jobs(instance="h/g/p")
    assert standin.requests == []


def test_unknown_instance_filters_out_all_jobs(standin):
    assert standin.service().jobs(instance="no/such/one") == []


def test_listed_job_is_complete_and_decoded_on_first_use(standin):
    circuit_of_the_future = {"__type__": "QuantumCircuit", "__value__": "bm90IHFweQ=="}
    standin.add_jobs(1, params={"shots": 7}, session_id="sid", runtime="image:tag")
    standin.add_jobs(1, params={"circuits": circuit_of_the_future})
    job, undecodable = standin.service().jobs(limit=2)

    assert (job.program_id, job.session_id, job.image, job.tags) == (
        "sampler",
        "sid",
        "image:tag",
        ["t"],
    )
    assert job.creation_date == datetime(2023, 5, 1, 9, tzinfo=UTC)
    assert job.inputs == {"shots": 7}
    assert undecodable.job_id() == "job1"
    assert len(standin.requests) == 1


def test_backend_of_listed_jobs_is_fetched_once_on_first_use(standin):
    standin.add_jobs(3)
    jobs = standin.service().jobs()
    standin.requests.clear()

    backends = [job.backend() for job in jobs]

    assert [backend.name for backend in backends] == [DEVICE] * 3
    assert backends[0]._instance == "h/g/p"
    assert standin.calls() == [f"GET /backends/{DEVICE}/configuration"]


def test_job_of_retired_device_has_a_placeholder_backend(standin):
    standin.add_jobs(1, backend="ibmq_gone")
    standin.add_jobs(1)
    gone, there = standin.service().jobs()

    assert gone.backend().name == "ibmq_gone"
    assert not gone.backend().status().operational
    assert there.backend().name == DEVICE
    assert standin.asked("GET /backends/ibmq_gone/configuration") == []


def test_job_of_lost_instance_shows_the_device_without_it(standin):
    standin.add_jobs(1, hub="left", group="g", project="p")

    (job,) = standin.service().jobs()

    assert job.backend().name == DEVICE


def test_cloud_ignores_the_instance_of_a_job(standin):
    standin.add_jobs(1)

    (job,) = standin.service("ibm_cloud").jobs()

    assert job.backend().name == DEVICE
    assert job.backend()._instance is None


def test_incomplete_record_is_still_a_job(standin):
    standin.jobs.append({"id": "bare"})

    (job,) = standin.service().jobs()

    assert (job.job_id(), job.program_id, job.tags, job.image) == ("bare", "", [], "")


def test_record_without_id_is_skipped_and_logged(standin, caplog):
    standin.add_jobs(2)
    del standin.jobs[0]["id"]

    assert ids(standin.service().jobs()) == ["job1"]
    assert "a job without an id" in caplog.text


def test_finds_job_by_id(standin):
    standin.add_jobs(2)

    job = standin.service().job("job1")

    assert job.job_id() == "job1"
    assert job.inputs == {"shots": 1}
    assert standin.calls() == ["GET /jobs/job1"]


def test_job_can_be_deleted_once(standin):
    standin.add_jobs(1)
    service = standin.service()

    service.delete_job("job0")

    for call in (service.job, service.delete_job):
        with pytest.raises(RuntimeJobNotFound, match=r"Job not found.*Job not found") as caught:
            call("job0")
        assert (caught.value.failure.status, caught.value.failure.code) == (404, 1291)


@pytest.mark.parametrize("job_id", ["", None])
def test_rejects_invalid_id_before_sending(standin, job_id):
    service = standin.service()

    for call in (service.job, service.delete_job):
        with pytest.raises(IBMInputValueError, match="'job_id' must be the id of a job"):
            call(job_id)
    assert standin.requests == []


def test_other_errors_keep_their_details(standin):
    standin.add_jobs(1)
    service = standin.service()
    refusal = (403, {"errors": [{"code": 1200, "message": "Not yours."}], "trace": "trace-1"})
    standin.answers.update(
        dict.fromkeys(("GET /jobs/job0", "DELETE /jobs/job0", "GET /jobs"), refusal)
    )

    with pytest.raises(IBMRuntimeError, match=r"retrieve job .*Not yours.*trace-1") as caught:
        service.job("job0")
    assert caught.value.failure.trace_id == "trace-1"
    with pytest.raises(IBMRuntimeError, match=r"Failed to delete job: .*Not yours"):
        service.delete_job("job0")
    with pytest.raises(RequestsApiError, match="Not yours"):
        service.jobs()


def test_rejected_credentials_stay_authorization_errors(standin):
    service = standin.service("ibm_cloud")
    standin.answers["GET /jobs/x"] = (401, {"errors": [{"code": 1201, "message": "Who?"}]})

    with pytest.raises(IBMNotAuthorizedError, match="Who"):
        service.job("x")
