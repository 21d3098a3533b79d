"""Kill a server a hundred times at random moments under load."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.local.killing import Acknowledged, check, run_under_load_and_kill


@pytest.mark.timeout(3600)
def test_a_hundred_kills_lose_no_acknowledged_job(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, known = tmp_path / "data", Acknowledged()

    for seed in range(100):
        run_under_load_and_kill(folder, known, seed)
        if seed % 10 == 9:
            counts = check(folder, known)

    with capsys.disabled():
        print(f"\nacknowledged {len(known.jobs)}, deleted {len(known.deleted)}, left {counts}")
    assert sum(counts.values()) == len(known.jobs.keys() - known.deleted)
