"""Run programs in this process, or in worker processes through synchronous calls."""

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
from qiskit_ibm_runtime.testing.servers import LoopThread
from qiskit_ibm_runtime.utils.json import RuntimeDecoder, RuntimeEncoder


def work(
    program: str = "mine",
    inputs: dict[str, Any] | None = None,
    *,
    source: str | None = None,
    backend: str = "ibmq_qasm_simulator",
    **more: Any,
) -> Work:
    """Return a job as the server passes it to an executor."""
    params = json.dumps(inputs or {}, cls=RuntimeEncoder).encode()
    return {"program": program, "source": source, "params": params, "backend": backend, **more}


class ExecutorThread:
    """Executor on an event loop in a thread, for synchronous tests."""

    def __init__(self, make: Callable[[], Executor]) -> None:
        self._thread = LoopThread()
        self._errors: list[dict[str, Any]] = []
        self._thread.loop.set_exception_handler(lambda _, context: self._errors.append(context))
        self.executor = make()
        self.call(self.executor.start()).result(60)

    def call(self, coroutine: Any) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._thread.loop)

    def submit(self, given: Work, publish: Callable[[str], None] = print) -> Future[Outcome]:
        return self.call(self.executor.run(given, publish))

    def run(self, given: Work, publish: Callable[[str], None] = print) -> Outcome:
        return self.submit(given, publish).result(120)

    def close(self) -> None:
        self.call(self.executor.stop()).result(60)
        self._thread.close()
        gc.collect()  # asyncio reports unretrieved exceptions when futures are collected
        assert self._errors == []


@pytest.fixture(scope="session")
def pool() -> Iterator[ExecutorThread]:
    """Two worker processes with 4 GiB each, shared by the tests of this folder."""
    thread = ExecutorThread(lambda: WorkerPool(2, memory=4 * 2**30))
    yield thread
    thread.close()


class FailedError(Exception):
    """A program failed; the message is its traceback."""


def run_here(
    program: str, backend: str = "ibmq_qasm_simulator", decode: bool = True, **inputs: Any
) -> Any:
    """Run a program in this process, with JSON-encoded inputs and result."""
    kind, text = job.run(work(program, inputs, backend=backend), print)
    if kind != "result":
        raise FailedError(text)
    return json.loads(text, cls=RuntimeDecoder) if decode else json.loads(text)
