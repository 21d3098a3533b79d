"""The default session: reuse, and the effect of with blocks."""

from __future__ import annotations

import asyncio
import threading
from unittest.mock import MagicMock

import pytest
from tests.standin import DEVICE, StandIn

from qiskit_ibm_runtime import QiskitRuntimeService, Session
from qiskit_ibm_runtime import session as module
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.session import get_default_session, set_cm_session


def double() -> MagicMock:
    service = MagicMock()
    service.channel = "ibm_quantum"
    return service


def test_default_session_is_created_and_reused():
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


def test_failure_to_close_the_old_session_does_not_block_the_new_one():
    service = double()
    session = get_default_session(service, "b")
    session.run("p", {})
    service._api_client.close_session.side_effect = RequestsApiError("Not now.", 503)

    with pytest.warns(UserWarning, match=r"could not be closed.*Not now") as caught:
        other = get_default_session(service, "c")

    assert [warning.filename for warning in caught] == [__file__]
    assert get_default_session() is other
    assert other.backend() == "c"


def test_closed_session_is_replaced():
    service = double()
    session = get_default_session(service, "b")
    session.close()

    assert get_default_session(service, "b") is not session


def test_another_service_on_the_same_channel_gets_another_session():
    session = get_default_session(double(), "b")

    assert get_default_session(double(), "b") is not session


def test_two_services_of_one_account_share_a_session():
    first, second = (QiskitRuntimeService(channel="local") for _ in range(2))

    session = get_default_session(first, "ibmq_qasm_simulator")

    assert get_default_session(second, "ibmq_qasm_simulator") is session


def test_service_comes_from_the_backend_then_the_default_account(monkeypatch):
    default = MagicMock()
    monkeypatch.setattr(module, "QiskitRuntimeService", default)

    assert get_default_session(backend="b").service is default.return_value


def test_quantum_channel_requires_a_backend():
    with pytest.raises(ValueError, match='"backend" is required'):
        get_default_session(double())


def test_session_class_is_looked_up_in_the_module(monkeypatch):
    made, service = MagicMock(), double()
    monkeypatch.setattr(module, "Session", made)

    session = get_default_session(service, "b")

    made.assert_called_once_with(service=service, backend="b")
    assert session is made.return_value


def test_session_of_a_with_block_is_the_default():
    """
    A primitive for another backend gets its own session and does not affect the block's.
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


def test_backend_name_in_a_block_uses_the_service_of_the_block():
    service = double()
    with Session(service, "b"):
        assert get_default_session(backend="c").service is service


def test_leaving_an_inner_block_restores_the_outer_session():
    service = double()
    with Session(service, "a") as outer:
        with Session(service, "b") as inner:
            assert get_default_session() is inner
        assert get_default_session() is outer
        with outer:
            assert get_default_session() is outer
        assert get_default_session() is outer
    assert module._DEFAULT_SESSION.get() is None


def test_leaving_a_block_restores_the_previous_default():
    service = double()
    before = get_default_session(service, "a")

    with pytest.raises(KeyError), Session(service, "b"):
        raise KeyError

    assert get_default_session() is before
    assert before._active


def test_default_can_be_set_and_reset_directly():
    session = Session(double(), "a")

    set_cm_session(session)
    assert get_default_session() is session
    set_cm_session(None)

    assert module._DEFAULT_SESSION.get() is None


def test_each_thread_has_its_own_default():
    seen = []
    with Session(double(), "a"):
        thread = threading.Thread(target=lambda: seen.append(module._DEFAULT_SESSION.get()))
        thread.start()
        thread.join()

    assert seen == [None]


def test_two_threads_may_enter_one_session():
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


def test_asyncio_tasks_have_separate_defaults():
    async def use(name: str, turn: asyncio.Event, other: asyncio.Event) -> str | None:
        with Session(double(), name):
            other.set()
            await turn.wait()
            return get_default_session().backend()

    async def both() -> list[str | None]:
        one, two = asyncio.Event(), asyncio.Event()
        return list(await asyncio.gather(use("a", one, two), use("b", two, one)))

    assert asyncio.run(both()) == ["a", "b"]


def test_leaving_a_block_in_another_context_is_harmless():
    import contextvars

    session = Session(double(), "a")
    contextvars.copy_context().run(session.__enter__)

    session.__exit__(None, None, None)

    assert module._DEFAULT_SESSION.get() is None


def test_backend_object_uses_its_own_service(service, standin):
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


def test_backend_object_uses_its_own_instance(standin):
    standin.projects = {"h/g/p": ["d"], "x/y/z": ["d"]}
    service = standin.service()
    usual, other = service.backend("d"), service.backend("d", instance="x/y/z")
    named = get_default_session(service, "d")

    assert get_default_session(backend=usual) is named
    assert get_default_session(backend=other) is not named
    assert get_default_session(backend=other)._instance == "x/y/z"
    assert get_default_session(service, "d")._instance == "x/y/z"
    assert get_default_session(backend=usual)._instance == "h/g/p"


def test_service_of_a_backend_object_takes_precedence_with_a_warning(service):
    with StandIn() as other:
        backend = other.service().backend(DEVICE)
        with pytest.warns(
            UserWarning, match=f"'{DEVICE}' does not belong to the given service"
        ) as told:
            session = Session(service, backend)
        assert told[0].filename == __file__
        assert session.service is backend.service

        with pytest.warns(UserWarning, match="does not belong to the given service"):
            service.run("p", {}, {"backend": backend})
        assert len(other.sent("POST /jobs")) == 1

        assert Session(standalone := MagicMock(), backend).service is standalone
