"""Sessions of both styles, and run options."""

from __future__ import annotations

from functools import partial
from typing import Any
from unittest.mock import MagicMock

from tests.differential.calls import DICT, FUNCTION, NUMBER, TEXT, TEXTS, Place, each
from tests.differential.record import Calls
from tests.standin import DEVICE

from qiskit_ibm_runtime import RuntimeOptions, Session
from qiskit_ibm_runtime.runtime_session import RuntimeSession


def _spied() -> Any:
    service = MagicMock()
    service.channel = "ibm_quantum"
    service.run.return_value.job_id.return_value = "j"
    return service


def _asked(service: Any, **other: Any) -> Any:
    """Return the arguments of the last call of a mock service, by name."""
    return [dict(sorted({**call.kwargs, **other}.items())) for call in service.run.call_args_list]


def starting(place: Place) -> Calls:
    """Create sessions with odd arguments, one at a time."""
    service = place.service()
    yield "plain", partial(Session, service, DEVICE)
    yield from each(Session, TEXT, "backend", service=service)
    yield from each(Session, NUMBER, "max_time", service=service, backend=DEVICE)
    for text in ("1h", "2h 30m 40s", "2 hours", "1h,30m", "25h", "1:30", "soon", "1d"):
        yield f"max_time {text}", partial(Session, service, DEVICE, text)
    yield "backend object", lambda: Session(service, service.backend(DEVICE))
    yield "backend alone", lambda: Session(backend=service.backend(DEVICE))
    yield "cloud", lambda: Session(place.cloud())
    yield "mock", lambda: Session(MagicMock()).backend()


def running(place: Place) -> Calls:
    """Run in a session of a mock service, and compare the call."""

    def run(times: int = 1, **arguments: Any) -> Any:
        service = _spied()
        session = Session(service, DEVICE, max_time="1h")
        for _ in range(times):
            session.run(**{"program_id": "p", "inputs": {"a": 1}, **arguments})
        return _asked(service)

    yield "once", run
    yield "twice", partial(run, 2)
    yield from each(run, TEXT, "program_id")
    yield from each(run, DICT, "inputs", "options")
    yield from each(run, FUNCTION, "callback", "result_decoder")
    for options in (
        {"backend": DEVICE},
        {"backend": "other"},
        {"instance": "h/g/p"},
        {"log_level": "DEBUG"},
        RuntimeOptions(log_level="DEBUG"),
        RuntimeOptions(backend=DEVICE),
    ):
        yield f"options {options}", partial(run, options=options)

    def closed() -> Any:
        session = Session(_spied(), DEVICE)
        session.close()
        return session.run("p", {})

    yield "closed", closed

    def through() -> Any:
        with Session(place.service(), DEVICE, max_time=60) as session:
            first, second = session.run("p", {}), session.run("p", {"b": 2})
            session.close()
            session.close()
        return first, second, session

    yield "through the service", through
    yield "on the cloud", lambda: Session(place.cloud()).run("p", {})


def old_style(place: Place) -> Calls:
    """Use sessions with `write` and `read`."""
    service = place.service()
    options = {"backend": DEVICE}
    yield "open", partial(service.open, "p", {}, options)
    fixed = {"service": service, "program_id": "p", "inputs": {}, "options": options}
    yield from each(RuntimeSession, DICT, "inputs", "options", **fixed)
    yield from each(RuntimeSession, NUMBER, "max_time", **fixed)

    def used(how: Any) -> Any:
        with service.open("p", {"a": 1}, options) as session:
            session.write(b=2)
            session.write(c=3)
            return how(session)

    yield "info", lambda: used(lambda session: sorted(session.info()))
    yield "closed", lambda: [used(lambda session: session)][0].write(d=4)
    yield "unwritten", lambda: service.open("p", {}, options).read()
    yield "without options", lambda: service.open("p", {}).info()
    yield "read closed", lambda: used(lambda session: session).read()


def run_options(place: Place) -> Calls:
    """Create and validate run options with unusual values."""
    texts = ("backend", "image", "log_level", "instance")
    numbers = ("max_execution_time", "session_time")
    yield from each(RuntimeOptions, TEXT, *texts, "backend_name", "foo")
    yield from each(RuntimeOptions, NUMBER, *numbers)
    yield from each(RuntimeOptions, TEXTS, "job_tags")

    def checked(channel: Any = "ibm_quantum", **fields: Any) -> Any:
        return RuntimeOptions(**{"backend": DEVICE, **fields}).validate(channel=channel)

    yield from each(checked, TEXT, *texts, "channel")
    yield from each(checked, NUMBER, *numbers)
    yield from each(checked, TEXTS, "job_tags")
    for channel in ("ibm_quantum", "ibm_cloud", "other"):
        yield f"nothing {channel}", lambda channel=channel: RuntimeOptions().validate(channel)
    yield "repr", lambda: repr(RuntimeOptions(backend="x", job_tags=["a"]))
    yield "equal", lambda: RuntimeOptions(backend="x") == RuntimeOptions(backend="x")


GROUPS = [starting, running, old_style, run_options]
