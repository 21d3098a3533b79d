"""The default session: which one is reused, and what a block changes."""

from __future__ import annotations

import asyncio
import threading
from unittest.mock import MagicMock

import pytest
from tests.programs.standin import DEVICE, StandIn
from tests.service.conftest import running

from qiskit_ibm_runtime import QiskitRuntimeService, Session
from qiskit_ibm_runtime import session as module
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.session import get_default_session, set_cm_session


def double() -> MagicMock:
    service = MagicMock()
    service.channel = "ibm_quantum"
    return service


def test_a_default_session_is_made_and_reused():
    service = double()

    session = get_default_session(service, "b")

    assert get_default_session(service, "b") is session
    assert get_default_session(service) is session
    assert get_default_session(backend="b") is session
    assert get_default_session() is session


def test_another_backend_closes_the_old_session():
    service = double()
    session = get_default_session(service, "b")
    session.run("p", {})

    other = get_default_session(service, "c")

    assert other is not session
    assert not session._active
    service._api_client.close_session.assert_called_once_with(session.session_id)
    assert get_default_session() is other


def test_a_session_that_cannot_be_closed_does_not_keep_the_new_one_from_being_made():
    service = double()
    session = get_default_session(service, "b")
    session.run("p", {})
    service._api_client.close_session.side_effect = RequestsApiError("Not now.", 503)

    with pytest.warns(UserWarning, match=r"could not be closed.*Not now") as caught:
        other = get_default_session(service, "c")

    assert [warning.filename for warning in caught] == [__file__]
    assert get_default_session() is other
    assert other.backend() == "c"


def test_a_closed_session_is_replaced():
    service = double()
    session = get_default_session(service, "b")
    session.close()

    assert get_default_session(service, "b") is not session


def test_another_service_on_the_same_channel_is_another_session():
    session = get_default_session(double(), "b")

    assert get_default_session(double(), "b") is not session


def test_two_services_of_one_account_share_a_session():
    first, second = (QiskitRuntimeService(channel="local") for _ in range(2))

    session = get_default_session(first, "ibmq_qasm_simulator")

    assert get_default_session(second, "ibmq_qasm_simulator") is session


def test_the_service_is_looked_for_at_the_backend_and_then_in_the_default_account(monkeypatch):
    default = MagicMock()
    monkeypatch.setattr(module, "QiskitRuntimeService", default)

    assert get_default_session(backend="b").service is default.return_value


def test_the_quantum_channel_needs_a_backend():
    with pytest.raises(ValueError, match='"backend" is required'):
        get_default_session(double())


def test_the_class_is_looked_up_in_the_module(monkeypatch):
    made, service = MagicMock(), double()
    monkeypatch.setattr(module, "Session", made)

    session = get_default_session(service, "b")

    made.assert_called_once_with(service=service, backend="b")
    assert session is made.return_value


def test_in_a_block_its_session_is_the_default_and_stays_it():
    """
    A primitive for another backend gets a session of its own, and leaves that of the block alone.
    """
    service = double()
    with Session(service, "b") as session:
        assert get_default_session() is session
        other = get_default_session(service, "c")
        assert other is not session
        assert session._active
        assert get_default_session() is session
        session.close()
        assert get_default_session(service, "b") is not session
        assert module._DEFAULT_SESSION.get() is session
    assert module._DEFAULT_SESSION.get() is None


def test_the_name_of_a_backend_in_a_block_means_the_service_of_the_block():
    service = double()
    with Session(service, "b"):
        assert get_default_session(backend="c").service is service


def test_an_inner_block_gives_the_outer_one_back():
    service = double()
    with Session(service, "a") as outer:
        with Session(service, "b") as inner:
            assert get_default_session() is inner
        assert get_default_session() is outer
        with outer:
            assert get_default_session() is outer
        assert get_default_session() is outer
    assert module._DEFAULT_SESSION.get() is None


def test_a_block_gives_the_default_of_before_back():
    service = double()
    before = get_default_session(service, "a")

    with pytest.raises(KeyError), Session(service, "b"):
        raise KeyError

    assert get_default_session() is before
    assert before._active


def test_the_default_is_set_and_ended_by_hand():
    session = Session(double(), "a")

    set_cm_session(session)
    assert get_default_session() is session
    set_cm_session(None)

    assert module._DEFAULT_SESSION.get() is None


def test_another_thread_has_its_own_default():
    seen = []
    with Session(double(), "a"):
        thread = threading.Thread(target=lambda: seen.append(module._DEFAULT_SESSION.get()))
        thread.start()
        thread.join()

    assert seen == [None]


def test_one_session_may_be_entered_by_two_threads_at_once():
    session = Session(double(), "a")
    both_inside = threading.Barrier(2)
    after = []

    def use():
        with session:
            both_inside.wait()
        after.append(module._DEFAULT_SESSION.get())

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert after == [None, None]


def test_tasks_of_one_thread_do_not_disturb_each_other():
    async def use(name: str, turn: asyncio.Event, other: asyncio.Event) -> str | None:
        with Session(double(), name):
            other.set()
            await turn.wait()
            return get_default_session().backend()

    async def both() -> list[str | None]:
        one, two = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(use("a", one, two), use("b", two, one))

    assert asyncio.run(both()) == ["a", "b"]


def test_a_block_that_is_left_in_another_context_does_no_harm():
    import contextvars

    session = Session(double(), "a")
    contextvars.copy_context().run(session.__enter__)

    session.__exit__(None, None, None)

    assert module._DEFAULT_SESSION.get() is None


def test_a_backend_object_is_used_through_its_own_service(service, standin):
    with StandIn() as other:
        backend = other.service().backend(DEVICE)
        first = get_default_session(service, DEVICE)

        session = get_default_session(backend=backend)
        session.run("p", {})

        assert session.service is backend.service
        assert get_default_session(backend=backend) is session
        assert get_default_session(backend=service.backend(DEVICE)).service is service
        assert not first._active
        assert len(other.sent("POST /jobs")) == 1
        assert standin.sent("POST /jobs") == []


def test_a_backend_object_is_used_in_its_own_instance():
    with running() as standin:
        standin.projects = {"h/g/p": ["d"], "x/y/z": ["d"]}
        service = standin.service()
        usual, other = service.backend("d"), service.backend("d", instance="x/y/z")
        named = get_default_session(service, "d")

        assert get_default_session(backend=usual) is named
        assert get_default_session(backend=other) is not named
        assert get_default_session(backend=other)._instance == "x/y/z"
        assert get_default_session(service, "d")._instance == "x/y/z"
        assert get_default_session(backend=usual)._instance == "h/g/p"


def test_the_service_of_a_backend_object_wins_over_another_one_with_a_warning(service):
    with StandIn() as other:
        backend = other.service().backend(DEVICE)
        with pytest.warns(UserWarning, match=f"'{DEVICE}' belongs to another service") as told:
            session = Session(service, backend)
        assert told[0].filename == __file__
        assert session.service is backend.service

        with pytest.warns(UserWarning, match="belongs to another service"):
            service.run("p", {}, {"backend": backend})
        assert len(other.sent("POST /jobs")) == 1

        assert Session(standalone := MagicMock(), backend).service is standalone
