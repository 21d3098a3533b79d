"""Requests side by side."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from math import ceil
from typing import TYPE_CHECKING, Callable, TypeVar

from qiskit_ibm_runtime.exceptions import IBMError, IBMNotAuthorizedError

if TYPE_CHECKING:
    from collections.abc import Iterable

# Requests under way at once: as many as connections are kept to one host.
WIDTH = 32

# A TLS connection is greeted with two to three round trips, and with work on both sides, before it
# carries the first request: one is opened for so many requests. A plain one is there at once.
REQUESTS_WORTH_A_GREETING = 3

T = TypeVar("T")
R = TypeVar("R")


def width(requests: int, url: str | None = None) -> int:
    """Return over how many connections requests are best spread.

    Args:
        requests: How many there are.
        url: Where they go, if all go to one host.
    """
    if (url or "").startswith("https:"):
        requests = ceil(requests / REQUESTS_WORTH_A_GREETING)
    return min(requests, WIDTH)


def side_by_side(
    call: Callable[[T], R], items: Iterable[T], url: str | None = None
) -> list[Future[R]]:
    """Call a function for each item in several threads, and wait for all of them.

    Args:
        call: Sends a request.
        items: What to call it with.
        url: Where the requests go, if all go to one host; see :func:`width`.

    Returns:
        One finished future for each item, in their order: what went wrong with one is no matter of
        the others.
    """
    todo = list(items)
    if len(todo) < 2:
        return [_called(call, item) for item in todo]
    pool = ThreadPoolExecutor(width(len(todo), url))
    try:
        futures = [pool.submit(call, item) for item in todo]
        wait(futures)
    finally:
        # After Ctrl-C nothing new begins, and nobody waits for what is under way.
        pool.shutdown(wait=False, cancel_futures=True)
    return futures


def _called(call: Callable[[T], R], item: T) -> Future[R]:
    future: Future[R] = Future()
    try:
        future.set_result(call(item))
    except Exception as exc:  # noqa: BLE001  # whoever reads the future decides
        future.set_exception(exc)
    return future


def failures(names: Iterable[str], futures: Iterable[Future[R]]) -> dict[str, BaseException]:
    """What went wrong with which of several requests, as far as it is no matter of the others.

    Raises:
        IBMNotAuthorizedError: If the service refuses the credentials, which hits all.
    """
    failed: dict[str, BaseException] = {}
    for name, future in zip(names, futures):
        error = future.exception()
        if error is None:
            continue
        # Anything but a refusal or an answer that makes no sense is a fault of a program.
        if isinstance(error, IBMNotAuthorizedError) or not isinstance(
            error, (IBMError, ValueError)
        ):
            raise error
        failed[name] = error
    return failed
