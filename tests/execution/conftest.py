"""Helpers: a program called in this process, and worker processes behind a plain call."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any, Callable

import pytest
from qiskit import QuantumCircuit

from qiskit_ibm_runtime.local.devices import catalogue
from qiskit_ibm_runtime.local.execution import job
from qiskit_ibm_runtime.local.execution.executor import Executor, Outcome, Work
from qiskit_ibm_runtime.local.execution.workers import WorkerPool
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
    documents = {
        "configuration": catalogue.configuration(backend),
        "properties": catalogue.properties(backend),
    }
    params = json.dumps(inputs or {}, cls=RuntimeEncoder)
    return {"program": program, "source": source, "params": params, "backend": documents, **more}


class Background:
    """An executor on an event loop in a thread, for tests that are no coroutines."""

    def __init__(self, make: Callable[[], Executor]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.executor = make()
        self.call(self.executor.start()).result(60)

    def call(self, coroutine: Any) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def submit(self, given: Work, publish: Callable[[str], None] = print) -> Future[Outcome]:
        return self.call(self.executor.run(given, publish))

    def run(self, given: Work, publish: Callable[[str], None] = print) -> Outcome:
        return self.submit(given, publish).result(120)

    def close(self) -> None:
        self.call(self.executor.stop()).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


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


@pytest.fixture
def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit
