"""Thousands of damaged responses over sockets: each call returns or raises one typed error.

``nox -s stress`` sends 20,000; the variable ``ANSWERS`` overrides it. The valid responses come from
an embedded runtime; a relay records them, then replays them, half of them damaged.
"""

from __future__ import annotations

import gc
import os
import random
import resource
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.stress.mutations import Answer, mutated
from tests.wire.raw import answering

from qiskit_ibm_runtime import QiskitRuntimeService, RuntimeJob
from qiskit_ibm_runtime.api.clients.submission import LEDGER
from qiskit_ibm_runtime.api.http import retry
from qiskit_ibm_runtime.exceptions import IBMError
from qiskit_ibm_runtime.testing.servers import RuntimeServer, ServerPool

ANSWERS = int(os.environ.get("ANSWERS", "20000"))
LONGEST = 20.0  # seconds of one call; each of its requests has a budget of 2
PROGRAM = "def main(backend, user_messenger, **kwargs):\n    return 1\n"


class Relay:
    """Relay between client and service that records responses and replays them damaged."""

    def __init__(self, real: str) -> None:
        self.real, self.own = real, ""
        self.known: dict[tuple[str, str], Answer] = {}
        self.recording = True
        self.rng = random.Random(0)
        self.chance = 0.5
        self.damaged = 0

    def __call__(self, request: bytes) -> Iterator[bytes]:
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        key = method, target.partition("?")[0]
        if self.recording:
            headers = dict(line.split(": ", 1) for line in lines)
            self.known[key] = self._ask(method, target, headers, body)
        answer = self.known.get(key) or Answer(404, "application/json", b"{}")
        if not self.recording and self.rng.random() < self.chance:
            self.damaged += 1
            yield mutated(answer, self.rng)
        else:
            yield answer.raw()

    def _ask(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        del headers["Host"]
        got = requests.request(
            method,
            self.real + target,
            headers=headers,
            data=body,
            timeout=60,
            allow_redirects=False,
        )
        content = got.content.replace(self.real.encode(), self.own.encode())
        return Answer(got.status_code, got.headers.get("Content-Type", ""), content)


def calls(
    service: QiskitRuntimeService, job_id: str, program_id: str
) -> dict[str, Callable[[], Any]]:
    """One call per kind of response, on a service that started with valid ones."""
    name = "fake_lima"

    def fresh_job() -> RuntimeJob:
        return service.job(job_id)

    def submit() -> Any:
        return service.run("hello-world", {"iterations": 1}, options={"backend": name})

    job, backend = service.job(job_id), service.backend(name)
    return {
        "backends": lambda: _forgetful(service).backends(),
        "status": backend.status,
        "properties": lambda: backend.properties(refresh=True),
        "defaults": lambda: backend.defaults(refresh=True),
        "run": submit,
        "jobs": service.jobs,
        "job": fresh_job,
        "job status": lambda: fresh_job().status(),
        "result": lambda: fresh_job().result(timeout=5),
        "inputs": lambda: fresh_job().inputs,
        "logs": job.logs,
        "metrics": job.metrics,
        "interim": job.interim_results,
        "cancel": lambda: fresh_job().cancel(),
        "delete": lambda: service.delete_job(job_id),
        "programs": lambda: service.programs(refresh=True),
        "program": lambda: service.program(program_id, refresh=True).data,
        "update": lambda: service.update_program(program_id, description="d"),
        "upload": lambda: service.upload_program(PROGRAM, {"name": "n", "max_execution_time": 9}),
    }


def _forgetful(service: QiskitRuntimeService) -> QiskitRuntimeService:
    service._backend_configs.clear()
    return service


def place(error: BaseException) -> str:
    """Return the line that raised an error."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"({Path(frame.filename).name}:{frame.lineno})"


@pytest.fixture
def server() -> Iterator[RuntimeServer]:
    with ServerPool(workers=1) as pool, pool.server(devices=["fake_lima"]) as server:
        yield server


@pytest.fixture(autouse=True)
def _without_pauses() -> Iterator[None]:
    gc.disable()
    with retry.without_waiting():
        yield
    gc.enable()


@pytest.mark.timeout(3600)
# urllib3 leaves a connection to the garbage collector if a response has two lengths.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_damaged_response_is_a_result_or_one_typed_error(server: RuntimeServer) -> None:
    relay = Relay(server.url.partition("/api")[0])
    with answering(relay) as base:
        relay.own = base

        def start() -> QiskitRuntimeService:
            url = base + "/api"
            return QiskitRuntimeService(
                channel="ibm_quantum",
                token=server.token,
                url=url,
                retry=retry.RetryPolicy(total=1, budget=2.0),
                timeout=1.0,
            )

        service = start()
        ran = service.run("hello-world", {"iterations": 1}, options={"backend": "fake_lima"})
        ran.result(timeout=60)
        uploaded = service.upload_program(PROGRAM, {"name": "n", "max_execution_time": 9})
        kinds = {"start": start, **calls(service, ran.job_id(), uploaded)}
        for call in kinds.values():
            with suppress(IBMError):  # a finished job cannot be canceled
                call()
        relay.recording = False
        raw, ends, slowest, longest = [], Counter[str](), 0.0, 0
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        round_ = 0
        while relay.damaged < ANSWERS:
            round_ += 1
            gc.collect()  # avoid running inside a parser that is about to overflow the stack
            for name, call in kinds.items():
                relay.rng = random.Random(f"{round_} {name}")
                LEDGER._honoring.clear()
                began = time.monotonic()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    try:
                        call()
                        ends["result"] += 1
                    except IBMError as exc:
                        ends[type(exc).__name__] += 1
                        longest = max(longest, len(str(exc)))
                    except Exception as exc:  # noqa: BLE001  # what is looked for
                        raw.append(
                            f"{round_} {name}: {type(exc).__name__}: {str(exc)[:200]} {place(exc)}"
                        )
                slowest = max(slowest, time.monotonic() - began)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
        print(
            f"\n{relay.damaged} damaged answers, {sum(ends.values())} calls: {dict(ends)}; slowest "
            f"{slowest:.1f} s, {grown} MiB more; {len(raw)} raw errors"
        )
    assert not raw, "\n".join(raw[:60])
    assert slowest < LONGEST
    assert grown < 500
    assert longest < 50_000
