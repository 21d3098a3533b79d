"""Running programs, and listing jobs."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial
from typing import Any

from tests.differential.calls import (
    DICT,
    FLAG,
    FUNCTION,
    NOTHING,
    NUMBER,
    TEXT,
    TEXTS,
    Place,
    each,
)
from tests.differential.record import Calls
from tests.standin import DEVICE

from qiskit_ibm_runtime import RuntimeOptions


class Upper:
    """A decoder."""

    @classmethod
    def decode(cls, data: str) -> str:
        """Return the text in uppercase."""
        return data.upper()


DECODERS: dict[str, Any] = {
    "class": Upper,
    "object": Upper(),
    "pair": [Upper, Upper],
    "tuple": (Upper, Upper),
    "three": [Upper] * 3,
}


def run(place: Place) -> Calls:
    """Run a program with odd arguments, one at a time."""
    service = place.service()
    fixed = {"program_id": "p", "inputs": {"a": 1}, "options": {"backend": DEVICE}}
    yield "plain", partial(service.run, **fixed)
    yield "positional", lambda: service.run("p", {"a": 1}, {"backend": DEVICE})
    yield from each(service.run, TEXT, "program_id", "instance", "session_id", **fixed)
    yield from each(service.run, DICT, "inputs", "options", **fixed)
    yield from each(service.run, FUNCTION, "callback", **fixed)
    yield from each(service.run, {**NOTHING, **DECODERS}, "result_decoder", **fixed)
    yield from each(service.run, TEXTS, "job_tags", **fixed)
    yield from each(service.run, NUMBER, "max_execution_time", **fixed)
    yield from each(service.run, FLAG, "start_session", **fixed)
    yield "instance", partial(service.run, instance="h/g/p", **fixed)
    yield "unknown keyword", partial(service.run, foo=1, **fixed)
    yield "no backend", lambda: service.run("p", {}, {})
    yield "backend unknown", lambda: service.run("p", {}, {"backend": "nope"})
    yield "backend object", lambda: service.run("p", {}, {"backend": service.backend(DEVICE)})
    yield "options object", lambda: service.run("p", {}, RuntimeOptions(backend=DEVICE))
    yield "old program", lambda: service.run("sample-program", {}, {"backend": DEVICE})
    for program in ("torch-train", "quantum_kernal_alignment", "sample-expval"):
        yield program, lambda program=program: service.run(program, {}, {"backend": DEVICE})
    yield "int keys", lambda: service.run("p", {1: 2}, {"backend": DEVICE})
    yield "nested", lambda: service.run("p", {"a": {"b": [1, (2,), {3}]}}, {"backend": DEVICE})
    yield "session", lambda: service.run("p", {}, {"backend": DEVICE}, session_id="s")
    yield (
        "both",
        lambda: service.run(
            "p", {}, {"backend": DEVICE, "session_time": 60}, session_id="s", start_session=True
        ),
    )


def run_options(place: Place) -> Calls:
    """Run a program with odd options, one at a time."""
    service = place.service()

    def with_option(**options: Any) -> Any:
        return service.run("p", {}, {"backend": DEVICE, **options})

    yield from each(with_option, TEXT, "backend", "image", "log_level", "instance", "foo")
    yield from each(with_option, TEXTS, "job_tags")
    yield from each(with_option, NUMBER, "max_execution_time", "session_time")
    yield "backend_name", lambda: service.run("p", {}, {"backend_name": DEVICE})
    for level in ("DEBUG", "debug", "Warning", "WARN", "NOTSET"):
        yield f"level {level}", partial(with_option, log_level=level)
    for image in ("a:b", "a/b:c", "A:1.2", "a", "a:", ":b", "a b:c"):
        yield f"image {image}", partial(with_option, image=image)
    for instance in ("h/g/p", "h/g", "x/y/z", "h/g/p/q", "//"):
        yield f"instance {instance}", partial(with_option, instance=instance)


def run_on_cloud(place: Place) -> Calls:
    """Run programs on the other channel."""
    service = place.cloud()
    for options in (None, {}, {"backend": DEVICE}, {"backend": "nope"}, {"instance": "h/g/p"}):
        yield f"options {options}", lambda options=options: service.run("p", {}, options)
    yield "backend", lambda: service.run("p", {}).backend()
    yield "of a run", lambda: service.run("p", {}, {"backend": DEVICE}).backend()


def listing(place: Place) -> Calls:
    """List jobs with odd arguments, one at a time."""
    service = place.service()
    yield "plain", service.jobs
    yield from each(service.jobs, NUMBER, "limit", "skip")
    yield from each(service.jobs, TEXT, "backend_name", "program_id", "instance", "session_id")
    yield from each(service.jobs, FLAG, "pending", "descending")
    yield from each(service.jobs, TEXTS, "job_tags")
    yield from each(service.jobs, NOTHING, "created_after", "created_before")
    moments = {
        "naive": datetime(2023, 1, 2, 3),
        "aware": datetime(2023, 1, 2, 3, tzinfo=timezone.utc),
        "text": "2023-01-02T03:00:00Z",
    }
    yield from each(service.jobs, moments, "created_after", "created_before")
    yield "instance", lambda: service.jobs(instance="h/g/p")
    yield "positional", lambda: service.jobs(2, 1, DEVICE, False, "sampler", "h/g/p", ["t"])
    yield "everything", lambda: service.jobs(limit=None)
    yield "cloud instance", lambda: place.cloud().jobs(instance="h/g/p")


def one(place: Place) -> Calls:
    """Fetch and delete one job."""
    service = place.service()
    yield from each(service.job, TEXT, "job_id")
    yield from each(service.delete_job, TEXT, "job_id")
    yield "job", lambda: service.job("job0")
    yield "unknown", lambda: service.job("nope")
    yield "delete", lambda: service.delete_job("job2")
    yield "delete twice", lambda: service.delete_job("job2")


def finished(place: Place) -> Calls:
    """Call every method of a finished job, with odd arguments."""
    job = place.job(program={"id": "p"})
    place.answers[f"GET /jobs/{job.job_id()}/results"] = 200, '{"a": [1, 2]}'
    place.answers[f"GET /jobs/{job.job_id()}/interim_results"] = 200, '"x"\n"y"\n'
    place.answers[f"GET /jobs/{job.job_id()}/logs"] = 200, "some log"
    place.answers[f"GET /jobs/{job.job_id()}/metrics"] = 200, {"usage": {"seconds": 1}}
    for name in ("status", "result", "error_message", "wait_for_final_state", "logs", "metrics"):
        yield name, getattr(job, name)
    for name in ("done", "running", "cancelled", "in_final_state", "interim_results", "submit"):
        yield name, getattr(job, name)
    for name in ("job_id", "backend", "cancel_result_streaming"):
        yield name, getattr(job, name)
    for name in ("inputs", "image", "program_id", "session_id", "tags", "creation_date"):
        yield name, lambda name=name: getattr(job, name)
    for name in ("_reason", "_results", "_interim_results", "metadata", "_params", "_job_id"):
        yield name, lambda name=name: getattr(job, name)
    for name in ("_final_result_decoder", "_interim_result_decoder"):
        yield name, lambda name=name: getattr(job, name).__name__
    yield from each(job.result, NUMBER, "timeout")
    yield from each(job.wait_for_final_state, NUMBER, "timeout")
    yield from each(job.result, {**NOTHING, **DECODERS}, "decoder")
    yield from each(job.interim_results, {**NOTHING, **DECODERS}, "decoder")
    yield from each(job.stream_results, FUNCTION, "callback")
    yield "infinite", lambda: job.result(timeout=float("inf"))
    yield "callback", lambda: job.stream_results(print)
    yield "cancel", job.cancel
    yield "repr", lambda: repr(job).split("'")[0]
    yield "equal", lambda: job == place.service().job(job.job_id())


def failed(place: Place) -> Calls:
    """Get the results of failed and canceled jobs."""
    states = {
        "failed": {"status": "Failed"},
        "reason": {"status": "Failed", "reason": "it broke"},
        "code": {"status": "Failed", "reason": "it broke", "reason_code": 1305},
        "canceled": {"status": "Cancelled"},
        "too long": {"status": "Cancelled", "reason": "Ran too long"},
        "unknown": {"status": "Dreaming"},
    }
    for label, state in states.items():
        job = place.job(state=state, status=state["status"])
        place.answers[f"GET /jobs/{job.job_id()}/results"] = 200, "Traceback of it"
        for name in ("status", "result", "error_message", "wait_for_final_state", "cancel"):
            yield f"{label} {name}", getattr(job, name)
        yield f"{label} reason", lambda job=job: job._reason


def records(place: Place) -> Calls:
    """Read jobs whose records lack fields or have unusual values."""
    for field in ("backend", "program", "hub", "created", "params", "tags", "session_id"):
        for label, value in {"None": None, "empty": "", "list": [], "dict": {}}.items():
            name = f"{field}={label}"
            yield name, lambda field=field, value=value: place.job(**{field: value})
            yield f"{name} backend", lambda: place.service().job(place.jobs[-1]["id"]).backend()
    for params in ({"a": {"__type__": "complex", "__value__": [1, 2]}}, [{"a": 1}], "{}", "x"):
        yield f"inputs {params}", lambda params=params: place.job(params=params).inputs
    dated = place.job(created="2023-05-01T09:00:00Z")
    yield "date", lambda: [dated.creation_date.timestamp()]
    yield "retired", lambda: place.job(backend="gone").backend()


GROUPS = [run, run_options, run_on_cloud, listing, one, finished, failed, records]
