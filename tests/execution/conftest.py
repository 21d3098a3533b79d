"""Helpers: a program called in this process, and worker processes behind a plain call."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any, Callable

import pytest

from qiskit_ibm_runtime.local.execution import job
from qiskit_ibm_runtime.local.execution.executor import Executor, Outcome, Work
from qiskit_ibm_runtime.local.execution.workers import WorkerPool
from qiskit_ibm_runtime.local.serving.loop_thread import LoopThread
from qiskit_ibm_runtime.utils.json import RuntimeDecoder, RuntimeEncoder


def work(
    program: str = "mine",
    inputs: dict[str, Any] | None = None,
    *,
    source: str | None = None,
    backend: str = "ibmq_qasm_simulator",
    **more: Any,
) -> Work:
    """A job as the server hands it over."""
    params = json.dumps(inputs or {}, cls=RuntimeEncoder).encode()
    return {"program": program, "source": source, "params": params, "backend": backend, **more}


class Background:
    """An executor on an event loop in a thread, for tests that are no coroutines."""

    def __init__(self, make: Callable[[], Executor]) -> None:
        self._background = LoopThread()
        self._complaints: list[dict[str, Any]] = []
        self._background.loop.set_exception_handler(lambda _, told: self._complaints.append(told))
        self.executor = make()
        self.call(self.executor.start()).result(60)

    def call(self, coroutine: Any) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._background.loop)

    def submit(self, given: Work, publish: Callable[[str], None] = print) -> Future[Outcome]:
        return self.call(self.executor.run(given, publish))

    def run(self, given: Work, publish: Callable[[str], None] = print) -> Outcome:
        return self.submit(given, publish).result(120)

    def close(self) -> None:
        self.call(self.executor.stop()).result(60)
        self._background.close()
        gc.collect()  # asyncio complains of a future when it goes
        assert self._complaints == []


@pytest.fixture(scope="session")
def pool() -> Iterator[Background]:
    """Two worker processes with 4 GiB each, shared by the tests of this folder."""
    background = Background(lambda: WorkerPool(2, memory=4 * 2**30))
    yield background
    background.close()


class FailedError(Exception):
    """A program failed; the text is its traceback."""


def run_here(
    program: str, backend: str = "ibmq_qasm_simulator", decode: bool = True, **inputs: Any
) -> Any:
    """Run a program in this process with inputs and result that travelled as JSON."""
    kind, text = job.run(work(program, inputs, backend=backend), print)
    if kind != "result":
        raise FailedError(text)
    return json.loads(text, cls=RuntimeDecoder) if decode else json.loads(text)
