"""What it costs to say which packages make a request."""

from __future__ import annotations

import sys
from typing import Callable

from benchmarks.rows import Plan, row


def _deep(depth: int, call: Callable[[], object]) -> object:
    return call() if depth == 0 else _deep(depth - 1, call)


def _walk() -> int:
    frame, frames = sys._getframe(), 0
    while frame is not None:
        frames += frame.f_code.co_firstlineno > 0
        frame = frame.f_back
    return frames


def _plan(depth: int) -> Plan:
    from qiskit_ibm_runtime.api.http.client_header import client_application

    def hundred(call: Callable[[], object]) -> None:
        for _ in range(100):
            call()

    return Plan(
        lambda: _deep(depth, lambda: hundred(lambda: client_application(""))),
        lambda: _deep(depth, lambda: hundred(_walk)),
        rounds=15,
    )


@row("caller header x 100, 20 frames deep", "at or under the frame walk")
def shallow() -> Plan:
    return _plan(20)


@row("caller header x 100, 100 frames deep", "at or under the frame walk")
def middle() -> Plan:
    return _plan(100)


@row("caller header x 100, 300 frames deep", "at or under the frame walk")
def deep() -> Plan:
    return _plan(300)
