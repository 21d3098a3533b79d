"""Ten thousand jobs and programs, and sessions opened by sixty-four threads, over real sockets."""

from __future__ import annotations

import threading
import tracemalloc

import pytest
from tests.standin import DEVICE, StandIn

from qiskit_ibm_runtime import Session
from qiskit_ibm_runtime._service.jobs import JobListing


def test_ten_thousand_jobs_take_one_request_per_page_and_one_page_of_memory():
    with StandIn(page_size=200) as standin:
        standin.add_jobs(10_000, params={"text": "x" * 1000})
        service = standin.service()

        tracemalloc.start()
        seen = [job.job_id() for job in JobListing(service)]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert seen == [f"job{number}" for number in range(10_000)]
    assert len(standin.asked("GET /jobs")) == 50 + 1  # an empty page ends it
    # The whole listing has 10 MB of inputs; the current page and the previous one have 0.4 MB. The
    # server of this process is measured too.
    assert peak < 10_000_000
    print(f"peak {peak / 1e6:.1f} MB")


def test_ten_thousand_programs_are_fetched_once():
    with StandIn() as standin:
        standin.programs = {f"p{n}": {"id": f"p{n}", "name": "n"} for n in range(10_000)}
        service = standin.service()

        assert len(service.programs(limit=None)) == 10_000
        assert len(service.programs(limit=None)) == 10_000

    assert len(standin.asked("GET /programs")) == 500 + 1  # an empty page ends them


@pytest.mark.parametrize("round_", range(20))
def test_sixty_four_threads_open_one_session_and_lose_no_job(round_):
    with StandIn() as standin:
        session = Session(standin.service(), DEVICE)
        ready = threading.Barrier(64)

        def run(number: int) -> None:
            ready.wait()
            for turn in range(5):
                session.run("p", {"n": 5 * number + turn})

        threads = [threading.Thread(target=run, args=(number,)) for number in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    bodies = standin.sent("POST /jobs")
    assert sorted(body["params"]["n"] for body in bodies) == list(range(320))
    assert [body.get("start_session") for body in bodies].count(True) == 1
    assert bodies[0]["start_session"]
    assert {body.get("session_id") for body in bodies[1:]} == {session.session_id}
