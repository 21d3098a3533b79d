"""Concurrent requests: one failure does not affect the others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from typing import Any

import pytest
from tests.threads import let_threads_start

from qiskit_ibm_runtime import IBMInputValueError, IBMNotAuthorizedError
from qiskit_ibm_runtime.api.http.concurrency import WIDTH, failures, run_concurrently


def test_results_are_in_the_order_of_the_calls():
    meeting = threading.Barrier(5)

    def double(number):
        meeting.wait(20)  # all are in flight at the same time
        return 2 * number

    assert [future.result() for future in run_concurrently(double, range(5))] == [0, 2, 4, 6, 8]


def test_one_call_needs_no_thread_and_no_calls_return_nothing():
    (future,) = run_concurrently(lambda _: threading.current_thread(), [1])

    assert future.result() is threading.current_thread()
    assert run_concurrently(print, []) == []


@pytest.mark.parametrize("number", [1, 3])
def test_error_affects_only_its_own_call(number):
    def refuse_zero(value):
        if value == 0:
            raise IBMInputValueError("no")
        return value

    first, *others = run_concurrently(refuse_zero, range(number))

    assert isinstance(first.exception(), IBMInputValueError)
    assert [future.result() for future in others] == list(range(1, number))


def test_limits_concurrency_to_the_connection_pool():
    lock, under_way, most = threading.Lock(), 0, 0

    def count(_):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        with lock:
            under_way -= 1

    run_concurrently(count, range(5 * WIDTH))

    assert most <= WIDTH


def test_ctrl_c_ends_the_wait_immediately_and_starts_no_more_calls():
    go_on, begun = threading.Event(), []

    def interrupt(number):
        begun.append(number)
        if number == 0:
            os.kill(os.getpid(), signal.SIGINT)
        go_on.wait(20)

    try:
        with pytest.raises(KeyboardInterrupt):
            run_concurrently(interrupt, range(10 * WIDTH))
        assert len(begun) <= WIDTH
    finally:
        go_on.set()


HANGING = """
import os, signal, threading
from qiskit_ibm_runtime.api.http.concurrency import run_concurrently

signal.signal(signal.SIGINT, signal.default_int_handler)

def hang(number):
    if number == 0:
        os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(600)

run_concurrently(hang, range(3))
"""


def test_process_exits_after_ctrl_c_while_requests_hang():
    ended = subprocess.run(
        [sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.stderr.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("outcomes", [[False], [True, False], [False, True]])
def test_requests_are_sent_even_if_no_thread_can_start(monkeypatch, outcomes):
    let_threads_start(monkeypatch, *outcomes, name="requests")

    assert [future.result() for future in run_concurrently(str, range(5))] == list("01234")


def finished(error=None):
    future: Future[Any] = Future()
    future.set_exception(error) if error else future.set_result(None)
    return future


def test_separates_errors_of_one_call_from_errors_of_all():
    refusal, senseless = IBMInputValueError("no"), ValueError("no JSON")
    futures = [finished(), finished(refusal), finished(senseless)]

    assert failures("abc", futures) == {"b": refusal, "c": senseless}
    for error in (IBMNotAuthorizedError("who?"), AttributeError("a fault of a program")):
        with pytest.raises(type(error)):
            failures("ab", [finished(refusal), finished(error)])
