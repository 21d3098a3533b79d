"""Daemon threads for calls that may block."""

from __future__ import annotations

import threading

import pytest
from tests.jobs.fast_clock import until
from tests.threads import let_threads_start

from qiskit_ibm_runtime.api.http.concurrency import WorkerPool


def threads() -> int:
    return sum(thread.name == "pool-of-a-test" for thread in threading.enumerate())


def test_calls_run_in_order_in_few_temporary_threads() -> None:
    pool, go_on, order = WorkerPool(2, "pool-of-a-test"), threading.Event(), []
    blocked = [pool.submit(lambda: go_on.wait(60)) for _ in range(2)]
    futures = [pool.submit(lambda n=n: order.append(n) or n) for n in range(50)]  # type: ignore[misc]

    assert threads() == 2
    go_on.set()

    assert all(future.result(60) for future in blocked)
    assert [future.result(60) for future in futures] == list(range(50))
    assert sorted(order) == list(range(50))
    until(lambda: threads() == 0)


def test_error_is_raised_to_the_caller() -> None:
    pool = WorkerPool(1, "pool-of-a-test")

    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 / 0).result(60)
    assert pool.submit(lambda: 1).result(60) == 1


def test_hanging_calls_are_replaced() -> None:
    pool, go_on = WorkerPool(1, "pool-of-a-test"), threading.Event()
    begun = threading.Semaphore(0)

    def hang() -> None:
        begun.release()
        go_on.wait(60)

    hanging = []
    for _ in range(5):
        hanging.append(pool.submit(hang))
        assert begun.acquire(timeout=60)
        pool.abandon(hanging[-1])

    assert pool.submit(lambda: 7).result(60) == 7
    go_on.set()
    for future in hanging:
        future.result(60)
    until(lambda: threads() == 0)
    after = [pool.submit(lambda: threading.current_thread().name) for _ in range(20)]
    assert {future.result(60) for future in after} == {"pool-of-a-test"}


def test_call_abandoned_before_it_starts_is_not_made() -> None:
    pool, go_on, made = WorkerPool(1, "pool-of-a-test"), threading.Event(), []
    first = pool.submit(lambda: go_on.wait(60))
    second = pool.submit(lambda: made.append(2))
    third = pool.submit(lambda: made.append(3))
    pool.abandon(second)
    go_on.set()

    first.result(60)
    third.result(60)
    assert made == [3]


def test_thread_start_failure_fails_one_call_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = WorkerPool(1, "pool-of-a-test")
    with monkeypatch.context() as patch:
        let_threads_start(patch, False)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            pool.submit(lambda: 1)

    assert pool.submit(lambda: 2).result(60) == 2
    until(lambda: threads() == 0)


def test_call_waits_for_existing_threads_if_no_other_can_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool, begun, go_on = WorkerPool(2, "pool-of-a-test"), threading.Event(), threading.Event()
    let_threads_start(monkeypatch, True, False)
    first = pool.submit(lambda: (begun.set(), go_on.wait(60)))
    assert begun.wait(60)
    second = pool.submit(lambda: 2)
    pool.abandon(first)
    go_on.set()

    assert first.result(60) == (None, True)
    assert second.result(60) == 2
