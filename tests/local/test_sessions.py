"""Sessions, queues, and the order in which jobs run."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from qiskit_ibm_runtime.local.scheduling.queues import Hold, Queue, Ticket, next_in_line
from qiskit_ibm_runtime.testing.servers import BackgroundServer

from .conftest import SIMULATOR, Client, ScriptedExecutor, quantum_client

DEVICE = "fake_lima"
SOON = 0.05


def test_device_runs_one_job_at_a_time_in_order(alice: Client, executor: ScriptedExecutor) -> None:
    ids = [alice.submit({"name": n, "gate": f"g{n}"}, backend=DEVICE) for n in range(4)]
    other = alice.submit({"name": "elsewhere", "give": 1}, backend="fake_quito")

    alice.wait(other)
    assert executor.names() == [0, "elsewhere"]
    for number in reversed(range(4)):
        executor.open(f"g{number}")
    for job_id in ids:
        alice.wait(job_id)

    assert executor.names() == [0, "elsewhere", 1, 2, 3]


def test_simulator_runs_as_many_jobs_as_there_are_workers(
    serve: Callable[..., BackgroundServer], executor: ScriptedExecutor
) -> None:
    client = quantum_client(serve(workers=3))

    ids = [client.submit({"name": n, "gate": f"g{n}"}) for n in range(4)]
    executor.wait_for(3)

    assert client.get(f"/backends/{SIMULATOR}/status")["length_queue"] == 4
    assert client.get(f"/jobs/{ids[3]}/metrics")["position_in_queue"] == 1
    executor.open("g1")
    client.wait(ids[1])
    executor.wait_for(4)
    for number in range(4):
        executor.open(f"g{number}")
    for job_id in ids:
        client.wait(job_id)
    assert executor.names() == [0, 1, 2, 3]


def test_jobs_of_the_running_session_go_first(alice: Client, executor: ScriptedExecutor) -> None:
    session = alice.submit({"name": "s1", "gate": "g"}, backend=DEVICE, start_session=True)
    waiting = alice.submit({"name": "other"}, backend=DEVICE)
    executor.wait_for(1)
    inside = [alice.submit({"name": f"s{n}"}, backend=None, session_id=session) for n in (2, 3)]
    executor.open("g")

    for job_id in (waiting, *inside):
        alice.wait(job_id)

    assert executor.names() == ["s1", "s2", "s3", "other"]
    listed = alice.get("/jobs", session_id=session, sort="ASC")["jobs"]
    assert [job["id"] for job in listed] == [session, *inside]


def test_session_holds_its_device_between_jobs(
    alice: Client, bob: Client, executor: ScriptedExecutor
) -> None:
    session = alice.submit({"name": "s1"}, backend=DEVICE, start_session=True)
    alice.wait(session)
    crowd = [bob.submit({"name": f"b{n}"}, backend=DEVICE) for n in range(3)]
    own = alice.submit({"name": "own"}, backend=DEVICE)
    alice.wait(own)
    again = alice.submit({"name": "s2"}, backend=None, session_id=session)
    alice.wait(again)

    assert executor.names() == ["s1", "own", "s2"]
    assert bob.get(f"/backends/{DEVICE}/status")["length_queue"] == 3
    assert alice("DELETE", f"/sessions/{session}/close").status_code == 204
    for job_id in crowd:
        bob.wait(job_id)
    assert executor.names()[3:] == ["b0", "b1", "b2"]


def test_idle_session_releases_its_device(
    serve: Callable[..., BackgroundServer], executor: ScriptedExecutor
) -> None:
    server = serve(session_idle_seconds=SOON)
    alice, bob = quantum_client(server), quantum_client(server, "secret-of-bob")
    session = alice.submit({"name": "s1"}, backend=DEVICE, start_session=True)
    alice.wait(session)

    bob.wait(bob.submit({"name": "b"}, backend=DEVICE))
    alice.wait(alice.submit({"name": "s2"}, backend=None, session_id=session))

    assert executor.names() == ["s1", "b", "s2"]


def test_next_session_of_a_user_takes_over_the_device(
    alice: Client, bob: Client, executor: ScriptedExecutor
) -> None:
    first = alice.submit({"name": "s1"}, backend=DEVICE, start_session=True)
    alice.wait(first)
    waiting = bob.submit({"name": "b"}, backend=DEVICE)
    second = alice.submit({"name": "t1"}, backend=DEVICE, start_session=True)
    alice.wait(second)

    alice("DELETE", f"/sessions/{first}/close")
    alice.wait(alice.submit({"name": "t2"}, backend=None, session_id=second))
    alice("DELETE", f"/sessions/{second}/close")
    bob.wait(waiting)

    assert executor.names() == ["s1", "t1", "t2", "b"]


def test_session_on_a_simulator_goes_first_without_blocking_others(
    serve: Callable[..., BackgroundServer], executor: ScriptedExecutor
) -> None:
    server = serve(workers=1)
    alice, bob = quantum_client(server), quantum_client(server, "secret-of-bob")
    session = alice.submit({"name": "s1"}, start_session=True)
    alice.wait(session)
    bob.wait(bob.submit({"name": "b1"}))
    crowd = [bob.submit({"name": f"b{n}", "gate": "g"}) for n in (2, 3)]
    elsewhere = bob.submit({"name": "b4"}, backend=DEVICE)

    again = alice.submit({"name": "s2"}, session_id=session)
    executor.open("g")
    for job_id in (*crowd, elsewhere):
        bob.wait(job_id)
    alice.wait(again)

    assert executor.names() == ["s1", "b1", "b2", "s2", "b3", "b4"]


def test_expired_session_loses_priority_and_accepts_no_jobs(
    alice: Client, bob: Client, executor: ScriptedExecutor
) -> None:
    session = alice.submit(
        {"name": "s1", "gate": "g"}, backend=DEVICE, start_session=True, session_time=1
    )
    executor.wait_for(1)
    other = bob.submit({"name": "other"}, backend=DEVICE)
    inside = alice.submit({"name": "s2"}, backend=None, session_id=session)
    refused = alice.post(session_id=session, backend=None)
    while refused.status_code == 200:  # the session has not expired yet
        alice("DELETE", f"/jobs/{refused.json()['id']}")
        refused = alice.post(session_id=session, backend=None)
    executor.open("g")

    bob.wait(other)
    alice.wait(inside)

    assert refused.json()["errors"][0]["code"] == 1217
    assert executor.names() == ["s1", "other", "s2"]


def test_closed_session_accepts_no_jobs_but_runs_queued_ones(
    alice: Client, executor: ScriptedExecutor
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


def test_session_is_bound_to_its_user_and_backend(alice: Client, bob: Client) -> None:
    session = alice.submit(start_session=True)

    assert bob.post(session_id=session).status_code == 404
    assert bob("DELETE", f"/sessions/{session}/close").status_code == 404
    assert alice("DELETE", "/sessions/no-such/close").status_code == 404
    wrong = alice.post(session_id=session, backend="fake_lima")
    assert wrong.status_code == 400
    assert alice.post(session_id=session, backend=None).status_code == 200
    assert alice.post(session_id=session, start_session=True).status_code == 400


SESSIONS = st.sampled_from([None, "a", "b"])
TICKETS = st.lists(st.tuples(SESSIONS, st.sampled_from(["u", "v"])))


@given(TICKETS, st.sets(SESSIONS.filter(bool), max_size=2), st.sampled_from([None, "u", "v"]))
def test_next_job_is_of_a_holding_session_or_the_first_allowed(
    given_tickets: list[tuple[str | None, str]], holding: set[str], admitted: str | None
) -> None:
    waiting = [
        Ticket(number, str(number), user, session)
        for number, (session, user) in enumerate(given_tickets)
    ]

    index = next_in_line(waiting, holding, admitted)

    first = [ticket.number for ticket in waiting if ticket.session in holding]
    others = [ticket.number for ticket in waiting if admitted in (None, ticket.user)]
    assert index == next(iter([*first, *others]), None)


@given(TICKETS, st.booleans())
def test_queue_runs_every_job_once(
    given_tickets: list[tuple[str | None, str]], is_device: bool
) -> None:
    def has_nothing_to_do(session: str, hold: Hold, busy: bool) -> bool:
        return not busy

    queue = Queue(is_device)
    for number, (session, user) in enumerate(given_tickets):
        queue.waiting.append(Ticket(number, str(number), user, session))

    begun = []
    while queue.waiting:
        while (ticket := queue.candidate()) is not None:
            queue.begin(ticket, 0.0, 2)
            begun.append(ticket.job)
            assert len(queue.running) == 1 or not is_device
        for job_id in list(queue.running):
            queue.end(job_id, 1.0)
        queue.release(has_nothing_to_do)

    assert sorted(begun, key=int) == [str(number) for number in range(len(given_tickets))]
    assert queue.is_empty
