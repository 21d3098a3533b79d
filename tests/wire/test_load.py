"""Threads, faults and jobs combined; full size in ``tests/stress/test_wire_load.py``."""

from __future__ import annotations

from typing import Any

import pytest
from tests.wire.load import Load, faults


@pytest.mark.parametrize("honors_keys", [True, False], ids=["honors keys", "old service"])
def test_every_call_ends_correctly_under_faults(
    client: Any, service: Any, honors_keys: bool
) -> None:
    service.honors_keys = honors_keys
    service.fail(*faults(0.2), seed=1)
    account = Load(client, service, seed=1).run(calls=250, threads=12)

    assert account.wrong == []
    assert account.calls == 250
    assert (account.doubled, account.lost, account.threads_left) == (0, 0, 0)
    assert len(service.faults.done) >= 25, "or the test shows nothing"
    if honors_keys:
        assert not account.in_doubt
