"""What it costs to say which packages make a request."""

from __future__ import annotations

import sys
from functools import partial

from benchmarks.rows import Call, Plan, Row


def _deep(depth: int, call: Call) -> object:
    return call() if depth == 0 else _deep(depth - 1, call)


def _walk() -> int:
    frame, frames = sys._getframe(), 0
    while frame is not None:
        frames += frame.f_code.co_firstlineno > 0
        frame = frame.f_back
    return frames


def _plan(depth: int) -> Plan:
    from qiskit_ibm_runtime.api.http.client_header import client_application

    def hundred(call: Call) -> None:
        for _ in range(100):
            call()

    return Plan(
        lambda: _deep(depth, lambda: hundred(lambda: client_application(""))),
        lambda: _deep(depth, lambda: hundred(_walk)),
        rounds=15,
    )


ROWS = [
    Row(f"caller header x 100, {n} frames deep", "at or under the frame walk", partial(_plan, n))
    for n in (20, 100, 300)
]
