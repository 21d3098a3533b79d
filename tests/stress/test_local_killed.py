"""A hundred lives of a server that is killed at random moments under load."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.local.killing import Acknowledged, a_life_under_load, check


@pytest.mark.timeout(3600)
def test_a_hundred_kills_lose_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, known = tmp_path / "data", Acknowledged()

    for seed in range(100):
        a_life_under_load(folder, known, seed)
        if seed % 10 == 9:
            counts = check(folder, known)

    with capsys.disabled():
        print(f"\nacknowledged {len(known.jobs)}, deleted {len(known.deleted)}, left {counts}")
    assert sum(counts.values()) == len(known.jobs.keys() - known.deleted)
