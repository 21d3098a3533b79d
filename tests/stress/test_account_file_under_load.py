"""The account file under eight concurrent writers, and kills at any moment."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import stat
import threading
import time

import pytest

from qiskit_ibm_runtime.accounts import AccountManager, storage

ENTRY = {"channel": "ibm_quantum", "token": "t", "url": "u"}
EVERY_ACCOUNT = {f"{saver}-{number}" for saver in range(8) for number in range(40)}
KILLS = 500


def save_forty(filename: str, saver: int) -> None:
    for number in range(40):
        AccountManager.save(
            f"t{saver}-{number}", channel="ibm_quantum", filename=filename, name=f"{saver}-{number}"
        )


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_eight_processes_saving_concurrently_lose_no_account(tmp_path, start):
    filename = str(tmp_path / "accounts.json")
    context = multiprocessing.get_context(start)
    savers = [context.Process(target=save_forty, args=(filename, n)) for n in range(8)]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()

    assert [saver.exitcode for saver in savers] == [0] * 8
    assert set(AccountManager.list(filename=filename)) == EVERY_ACCOUNT


def test_eight_threads_saving_concurrently_lose_no_account(tmp_path):
    filename = str(tmp_path / "accounts.json")
    savers = [threading.Thread(target=save_forty, args=(filename, n)) for n in range(8)]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()

    assert set(AccountManager.list(filename=filename)) == EVERY_ACCOUNT


def _save_until_killed(filename: str, report: int) -> None:
    number = 0
    while True:
        storage.save_config(filename, f"n{number}", {**ENTRY, "pad": "x" * 20_000}, overwrite=False)
        os.write(report, b".")
        number += 1


def test_killed_writer_leaves_the_old_or_the_new_file(tmp_path):
    """Concurrent readers see complete files only, and no completed save is lost."""
    chance = random.Random(5)
    for kill in range(KILLS):
        path = tmp_path / f"{kill}" / "accounts.json"
        storage.save_config(str(path), "first", ENTRY, overwrite=False)
        reports, report = os.pipe()
        saver = multiprocessing.get_context("fork").Process(
            target=_save_until_killed, args=(str(path), report)
        )
        saver.start()
        os.close(report)
        finished = sum(len(os.read(reports, 1)) for _ in range(chance.randrange(1, 6)))
        until = time.perf_counter() + chance.random() * 0.004
        while time.perf_counter() < until:
            json.loads(path.read_bytes())  # complete at every moment
        saver.kill()
        saver.join()
        while chunk := os.read(reports, 4096):
            finished += len(chunk)
        os.close(reports)

        accounts = storage.read_config(str(path))
        assert accounts["first"] == ENTRY
        # The last save may have completed without being reported.
        assert len(accounts) - 1 in (finished, finished + 1)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert {stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()} == {0o600}
