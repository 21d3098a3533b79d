"""Sessions and queues: who runs when."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qiskit_ibm_runtime.local.scheduling.queues import Queue, Ticket, next_in_line

from .conftest import Client, Obedient


def test_jobs_of_one_backend_run_one_by_one_in_their_order(
    alice: Client, executor: Obedient
) -> None:
    ids = [alice.submit({"name": n, "gate": f"g{n}"}) for n in range(4)]
    other = alice.submit({"name": "elsewhere", "give": 1}, backend="fake_lima")

    alice.wait(other)
    assert executor.names() == [0, "elsewhere"]
    for number in reversed(range(4)):
        executor.open(f"g{number}")
    for job_id in ids:
        alice.wait(job_id)

    assert executor.names() == [0, "elsewhere", 1, 2, 3]


def test_jobs_of_the_running_session_go_first(alice: Client, executor: Obedient) -> None:
    session = alice.submit({"name": "s1", "gate": "g"}, start_session=True)
    waiting = alice.submit({"name": "other"})
    executor.wait_for(1)
    inside = [alice.submit({"name": f"s{n}"}, session_id=session) for n in (2, 3)]
    executor.open("g")

    for job_id in (waiting, *inside):
        alice.wait(job_id)

    assert executor.names() == ["s1", "s2", "s3", "other"]
    listed = alice.get("/jobs", session_id=session, sort="ASC")["jobs"]
    assert [job["id"] for job in listed] == [session, *inside]


def test_a_session_whose_time_is_over_waits_like_others_and_takes_no_more(
    alice: Client, executor: Obedient
) -> None:
    session = alice.submit({"name": "s1", "gate": "g"}, start_session=True, session_time=1)
    executor.wait_for(1)
    other = alice.submit({"name": "other"})
    inside = alice.submit({"name": "s2"}, session_id=session)
    refused = alice.post(session_id=session)
    while refused.status_code == 200:  # Its second is not over yet.
        alice("DELETE", f"/jobs/{refused.json()['id']}")
        refused = alice.post(session_id=session)
    executor.open("g")

    alice.wait(other)
    alice.wait(inside)

    assert refused.json()["errors"][0]["code"] == 1217
    assert executor.names() == ["s1", "other", "s2"]


def test_a_closed_session_takes_no_more_but_runs_what_waits(
    alice: Client, executor: Obedient
) -> None:
    session = alice.submit({"gate": "g"}, start_session=True)
    waiting = alice.submit({"give": 1}, session_id=session)

    assert alice("DELETE", f"/sessions/{session}/close").status_code == 204
    assert alice("DELETE", f"/sessions/{session}/close").status_code == 204

    refused = alice.post(session_id=session)
    assert refused.status_code == 400
    # Other packages look for these words, or for this text of the code.
    assert '"code":1217' in refused.text
    assert "Session has been closed" in refused.json()["errors"][0]["message"]
    executor.open("g")
    assert alice.wait(waiting)["status"] == "Completed"


def test_a_session_is_its_users_and_its_backends(alice: Client, bob: Client) -> None:
    session = alice.submit(start_session=True)

    assert bob.post(session_id=session).status_code == 404
    assert bob("DELETE", f"/sessions/{session}/close").status_code == 404
    assert alice("DELETE", "/sessions/no-such/close").status_code == 404
    wrong = alice.post(session_id=session, backend="fake_lima")
    assert wrong.status_code == 400
    assert alice.post(session_id=session, backend=None).status_code == 200
    assert alice.post(session_id=session, start_session=True).status_code == 400


@given(st.lists(st.sampled_from([None, "a", "b"])), st.sampled_from([None, "a", "b"]))
def test_a_queue_keeps_the_order_within_each_session_and_loses_nothing(
    sessions: list[str | None], favoured: str | None
) -> None:
    tickets = [Ticket(str(number), session) for number, session in enumerate(sessions)]
    queue = Queue(list(tickets))

    taken = [queue.take(favoured) for _ in tickets]

    first = [ticket for ticket in tickets if favoured is not None and ticket.session == favoured]
    assert taken == first + [ticket for ticket in tickets if ticket not in first]


def test_without_a_favourite_the_first_is_next() -> None:
    assert next_in_line([Ticket("1", "a"), Ticket("2", "b")], None) == 0
