"""The account file is private, written atomically, and preserves unknown entries."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import random
import signal
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qiskit_ibm_runtime.accounts import (
    AccountAlreadyExistsError,
    AccountManager,
    InvalidAccountError,
    storage,
)

ENTRY = {"channel": "ibm_quantum", "token": "t", "url": "u"}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def listing(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir())


def test_file_is_sorted_indented_and_private(account_file):
    storage.save_config(str(account_file), "b", ENTRY, overwrite=False)
    storage.save_config(str(account_file), "a", ENTRY, overwrite=False)

    text = account_file.read_text()
    assert text == json.dumps({"a": ENTRY, "b": ENTRY}, indent=4, sort_keys=True)
    assert mode(account_file) == 0o600
    assert mode(account_file.parent) == 0o700


def test_file_is_private_while_it_is_written(account_file, monkeypatch):
    seen = []
    real = json.dump

    def spy(content, file, **kwargs):
        seen.append(stat.S_IMODE(os.fstat(file.fileno()).st_mode))
        real(content, file, **kwargs)

    monkeypatch.setattr(json, "dump", spy)
    old_mask = os.umask(0)
    try:
        storage.save_config(str(account_file), "a", ENTRY, overwrite=False)
    finally:
        os.umask(old_mask)

    assert seen == [0o600]
    assert {mode(entry) for entry in account_file.parent.iterdir()} == {0o600}


def test_reading_a_missing_file_creates_nothing(account_file):
    assert storage.read_config(str(account_file)) == {}
    assert storage.read_config(str(account_file), "a") is None
    assert storage.delete_config(str(account_file), "a") is False
    assert AccountManager.list(filename=str(account_file)) == {}
    assert not account_file.parent.exists()


def test_reading_does_not_change_the_file(account_file):
    account_file.parent.mkdir()
    text = json.dumps({"z": ENTRY, "a": ENTRY})
    account_file.write_text(text)
    account_file.chmod(0o600)

    assert list(AccountManager.list(filename=str(account_file))) == ["z", "a"]
    assert account_file.read_text() == text
    assert listing(account_file.parent) == ["accounts.json"]


def test_replaces_account_only_on_request(account_file):
    storage.save_config(str(account_file), "a", ENTRY, overwrite=False)

    with pytest.raises(AccountAlreadyExistsError, match=r"'a' already exists.*overwrite=True"):
        storage.save_config(str(account_file), "a", {"token": "2"}, overwrite=False)
    assert storage.read_config(str(account_file), "a") == ENTRY

    storage.save_config(str(account_file), "a", {"token": "2"}, overwrite=True)
    assert storage.read_config(str(account_file), "a") == {"token": "2"}


def test_delete_returns_whether_the_account_existed(account_file):
    storage.save_config(str(account_file), "a", ENTRY, overwrite=False)

    assert storage.delete_config(str(account_file), "a") is True
    assert storage.delete_config(str(account_file), "a") is False
    assert storage.read_config(str(account_file)) == {}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe\x00", b"[" * 100_000],
    ids=["empty", "cut off", "a list", "null", "a string", "not unicode", "too deep"],
)
def test_damaged_file_is_named_and_never_overwritten(account_file, content):
    account_file.parent.mkdir()
    account_file.write_bytes(content)
    filename = str(account_file)

    for use in (
        lambda: AccountManager.save("t", channel="ibm_quantum", filename=filename, overwrite=True),
        lambda: AccountManager.list(filename=filename),
        lambda: AccountManager.get(filename=filename, name="a"),
        lambda: AccountManager.delete(filename=filename),
        lambda: storage.save_config(filename, "a", ENTRY, overwrite=True),
        lambda: storage.delete_config(filename, "a"),
    ):
        with pytest.raises(InvalidAccountError, match=r"accounts\.json"):
            use()

    assert account_file.read_bytes() == content


def test_unrelated_entries_survive_every_change(account_file):
    foreign = {"version": 3, "list": [1], "later": {**ENTRY, "plan": "open", "n": {"x": None}}}
    account_file.parent.mkdir()
    account_file.write_text(json.dumps(foreign))
    filename = str(account_file)

    AccountManager.save("t", channel="ibm_quantum", filename=filename, name="mine")
    assert list(AccountManager.list(filename=filename)) == ["later", "mine"]
    AccountManager.delete(filename=filename, name="mine")

    assert json.loads(account_file.read_text()) == foreign


def test_reading_an_unrelated_entry_raises_with_its_name(account_file):
    account_file.parent.mkdir()
    account_file.write_text('{"version": 3}')

    with pytest.raises(InvalidAccountError, match=r"'version' in .*accounts\.json"):
        AccountManager.get(filename=str(account_file), name="version")


def test_world_readable_file_is_reported_once_and_fixed_by_the_next_change(account_file, caplog):
    account_file.parent.mkdir()
    account_file.write_text(json.dumps({"a": ENTRY}))
    account_file.chmod(0o644)

    with caplog.at_level(logging.WARNING, "qiskit_ibm_runtime"):
        storage.read_config(str(account_file))
        storage.read_config(str(account_file))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "chmod 600" in caplog.text
    assert mode(account_file) == 0o644

    storage.save_config(str(account_file), "b", ENTRY, overwrite=False)
    assert mode(account_file) == 0o600


def test_bare_file_name_is_in_the_current_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    storage.save_config("x.json", "a", ENTRY, overwrite=False)

    assert storage.read_config("x.json", "a") == ENTRY
    assert (tmp_path / "x.json").exists()


def test_expands_tilde_to_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))

    storage.save_config("~/x.json", "a", ENTRY, overwrite=False)

    assert json.loads((tmp_path / "x.json").read_text()) == {"a": ENTRY}
    assert storage.delete_config("~/x.json", "a")


def test_preserves_symbolic_link(tmp_path):
    target, link = tmp_path / "dotfiles" / "real.json", tmp_path / "link.json"
    link.symlink_to(target)

    storage.save_config(str(link), "a", ENTRY, overwrite=False)

    assert link.is_symlink()
    assert json.loads(target.read_text()) == {"a": ENTRY}


def test_failed_write_leaves_only_the_old_file(account_file, monkeypatch):
    storage.save_config(str(account_file), "a", ENTRY, overwrite=False)
    before = account_file.read_bytes()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        storage.save_config(str(account_file), "b", ENTRY, overwrite=False)

    assert account_file.read_bytes() == before
    assert listing(account_file.parent) == ["accounts.json", "accounts.json.lock"]


def save_ten(filename: str, saver: int) -> None:
    for number in range(10):
        AccountManager.save(
            f"t{saver}-{number}", channel="ibm_quantum", filename=filename, name=f"{saver}-{number}"
        )


# tests/stress has larger versions: forty accounts each, and hundreds of kills.
EVERY_ACCOUNT = {f"{saver}-{number}" for saver in range(8) for number in range(10)}


def test_eight_processes_saving_concurrently_lose_no_account(account_file):
    # Forked, so that eight interpreters need not import Qiskit first.
    context = multiprocessing.get_context("fork")
    savers = [context.Process(target=save_ten, args=(str(account_file), n)) for n in range(8)]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()

    assert [saver.exitcode for saver in savers] == [0] * 8
    assert set(AccountManager.list(filename=str(account_file))) == EVERY_ACCOUNT


def test_eight_threads_saving_concurrently_lose_no_account(account_file):
    savers = [threading.Thread(target=save_ten, args=(str(account_file), n)) for n in range(8)]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()

    assert set(AccountManager.list(filename=str(account_file))) == EVERY_ACCOUNT


def save_until_killed(filename: str, report: int) -> None:
    number = 0
    while True:
        storage.save_config(filename, f"n{number}", {**ENTRY, "pad": "x" * 20_000}, overwrite=False)
        os.write(report, b".")
        number += 1


@pytest.mark.parametrize("seed", range(12))
def test_killed_writer_leaves_the_old_or_the_new_file(account_file, seed):
    """Kill at a random moment during a save, after a random number of completed saves."""
    chance = random.Random(seed)
    storage.save_config(str(account_file), "first", ENTRY, overwrite=False)
    reports, report = os.pipe()
    context = multiprocessing.get_context("fork")
    saver = context.Process(target=save_until_killed, args=(str(account_file), report))
    saver.start()
    os.close(report)
    finished = sum(len(os.read(reports, 1)) for _ in range(chance.randrange(1, 15)))
    for _ in range(chance.randrange(20_000)):
        pass  # microseconds, to hit different points of the save
    saver.kill()
    saver.join()
    while chunk := os.read(reports, 4096):
        finished += len(chunk)
    os.close(reports)

    accounts = storage.read_config(str(account_file))
    assert saver.exitcode == -signal.SIGKILL
    assert accounts["first"] == ENTRY
    # The last save may have completed without being reported.
    assert len(accounts) - 1 in (finished, finished + 1)

    storage.save_config(str(account_file), "after", ENTRY, overwrite=False)
    assert listing(account_file.parent) == ["accounts.json", "accounts.json.lock"]
    assert mode(account_file) == 0o600


names = st.text(min_size=1, max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=5,
)
changes = st.lists(st.tuples(st.booleans(), names, st.dictionaries(names, values, min_size=1)))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.dictionaries(names, values, max_size=3), steps=changes)
def test_file_behaves_like_a_dict(tmp_path, start, steps):
    path = tmp_path / "model.json"
    path.write_text(json.dumps(start))
    path.chmod(0o600)
    model = dict(start)
    for is_save, name, config in steps:
        if is_save:
            storage.save_config(str(path), name, config, overwrite=True)
            model[name] = config
        else:
            assert storage.delete_config(str(path), name) == (name in model)
            model.pop(name, None)

    assert storage.read_config(str(path)) == model
