"""Saving, listing, finding and deleting accounts."""

from __future__ import annotations

import json
import logging
import stat
from pathlib import Path

import pytest
from tests.ids import label
from tests.standin import CRN

from qiskit_ibm_runtime.accounts import (
    Account,
    AccountAlreadyExistsError,
    AccountManager,
    AccountNotFoundError,
    InvalidAccountError,
)
from qiskit_ibm_runtime.proxies import ProxyConfiguration

PROXIES = ProxyConfiguration(urls={"https": "http://proxy.example:8080"})


def write(path: Path, content: dict) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
    path.chmod(0o600)


def old(auth: str, token: str, **more) -> dict:
    return {"auth": auth, "token": token, "url": "https://u.example", **more}


def save(account: Account, **more) -> None:
    AccountManager.save(
        token=account.token,
        url=account.url,
        instance=account.instance,
        channel=account.channel,
        proxies=account.proxies,
        verify=account.verify,
        **more,
    )


@pytest.mark.parametrize("name", [None, "mine"])
@pytest.mark.parametrize(
    "account",
    [
        Account("ibm_cloud", "t", instance=CRN, proxies=PROXIES, verify=False),
        Account("ibm_quantum", "t", url="https://u.example/api", instance="h/g/p"),
        Account("local", "t", url="http://127.0.0.1:4000/api"),
    ],
    ids=["cloud", "quantum", "local"],
)
@pytest.mark.parametrize("filename", [None, "other.json"])
def test_finds_saved_account(account, name, filename, tmp_path):
    filename = str(tmp_path / filename) if filename else None

    save(account, name=name, filename=filename)

    assert AccountManager.get(filename, name=name, channel=account.channel) == account


@pytest.mark.parametrize(
    ("channel", "name"),
    [
        ("ibm_cloud", "default-ibm-cloud"),
        ("ibm_quantum", "default-ibm-quantum"),
        ("local", "default-local"),
    ],
)
def test_unnamed_account_is_the_default_of_its_channel(channel, name):
    instance = CRN if channel == "ibm_cloud" else None
    AccountManager.save("t", "http://127.0.0.1:1/api", instance, channel, name=None)

    assert list(AccountManager.list()) == [name]
    assert list(AccountManager.list(default=True)) == [name]
    assert AccountManager.list(default=False) == {}


def test_environment_selects_the_channel_to_save(monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "ibm_quantum")

    AccountManager.save("t")

    assert AccountManager.list()["default"].channel == "ibm_quantum"


@pytest.mark.parametrize(
    "fields",
    [
        {"token": None, "channel": "ibm_quantum"},
        {"token": "t", "channel": "ibm_cloud"},
        {"token": "t", "channel": "typo"},
        {"token": "t", "channel": "local"},
        {"token": "t", "channel": "ibm_quantum", "instance": "h/g"},
        {"token": "t", "channel": "ibm_quantum", "name": 5},
    ],
    ids=label,
)
def test_invalid_account_is_not_written(fields, default_file):
    with pytest.raises(InvalidAccountError):
        AccountManager.save(**fields)

    assert not default_file.parent.exists()


def test_overwrites_account_only_on_request(quantum):
    save(quantum, name="x")
    with pytest.raises(AccountAlreadyExistsError):
        save(quantum, name="x")

    newer = Account("ibm_quantum", "new")
    save(newer, name="x", overwrite=True)

    assert AccountManager.get(name="x") == newer


def test_listing_filters_combine(cloud, quantum):
    save(cloud, name=None)
    save(quantum, name=None)
    save(quantum, name="mine")
    save(cloud, name="default")

    assert list(AccountManager.list(channel="ibm_quantum")) == ["default-ibm-quantum", "mine"]
    assert list(AccountManager.list(default=False)) == ["mine"]
    assert list(AccountManager.list(default=True, channel="ibm_cloud")) == [
        "default",
        "default-ibm-cloud",
    ]
    assert AccountManager.list(name="mine", channel="ibm_cloud") == {}


def test_unreadable_account_does_not_hide_the_others(default_file, caplog):
    good = {"channel": "ibm_quantum", "token": "t"}
    write(default_file, {"bad": {**good, "proxies": {"socks": 1}}, "good": good})

    with caplog.at_level(logging.WARNING, "qiskit_ibm_runtime"):
        assert list(AccountManager.list()) == ["good"]

    assert "Skipping the saved account 'bad'" in caplog.text


def test_unknown_name_error_lists_saved_accounts(quantum):
    save(quantum, name="mine")

    with pytest.raises(AccountNotFoundError, match=r"'yours' does not exist.*'mine'"):
        AccountManager.get(name="yours")


def test_name_takes_precedence_over_environment(quantum, monkeypatch):
    save(quantum, name="mine")
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "from-environment")

    assert AccountManager.get(name="mine", channel="ibm_cloud") == quantum


@pytest.mark.parametrize("channel", ["ibm_cloud", "ibm_quantum"])
def test_environment_token_suffices_and_takes_precedence_over_file(
    channel, cloud, quantum, monkeypatch
):
    save(cloud, name=None)
    save(quantum, name=None)
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "e")

    assert AccountManager.get(channel=channel) == Account(channel, "e")
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", channel)
    assert AccountManager.get() == Account(channel, "e")


def test_environment_sets_all_fields(monkeypatch):
    for name, value in {"TOKEN": "e", "URL": "https://e.example", "INSTANCE": CRN}.items():
        monkeypatch.setenv(f"QISKIT_IBM_{name}", value)

    assert AccountManager.get() == Account("ibm_cloud", "e", "https://e.example", CRN)


def test_environment_is_read_on_each_call(monkeypatch):
    monkeypatch.setattr("os.environ", {"QISKIT_IBM_TOKEN": "replaced"})

    assert AccountManager.get().token == "replaced"


def test_cloud_default_wins_unless_the_environment_selects_another(cloud, quantum, monkeypatch):
    save(quantum, name=None)
    assert AccountManager.get() == quantum
    save(cloud, name=None)
    assert AccountManager.get() == cloud

    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "ibm_quantum")
    assert AccountManager.get() == quantum


def test_falls_back_to_another_default_with_a_warning(cloud, monkeypatch, caplog):
    save(cloud, name=None)
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "ibm_quantum")

    with caplog.at_level(logging.WARNING, "qiskit_ibm_runtime"):
        assert AccountManager.get() == cloud

    assert "no default account is saved for it" in caplog.text


def test_rejects_unknown_channel_in_the_environment(monkeypatch, cloud):
    save(cloud, name=None)
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "typo")

    with pytest.raises(InvalidAccountError, match=r"'typo' in the variable QISKIT_IBM_CHANNEL"):
        AccountManager.get()


def test_token_of_another_channel_is_not_sent_to_a_local_server(monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "cloud-key")
    monkeypatch.setenv("QISKIT_IBM_URL", "http://127.0.0.1:1/api")

    with pytest.raises(AccountNotFoundError):
        AccountManager.get(channel="local")
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "local")
    assert AccountManager.get(channel="local").token == "cloud-key"


@pytest.mark.parametrize(
    ("channel", "text"),
    [("ibm_cloud", "No default ibm_cloud"), (None, "Unable to find account")],
)
def test_missing_account_error_says_what_to_do(channel, text):
    with pytest.raises(AccountNotFoundError, match=f"{text}.*save_account.*QISKIT_IBM_TOKEN"):
        AccountManager.get(channel=channel)


def test_delete_without_arguments_deletes_the_cloud_default(cloud, quantum):
    save(cloud, name=None)
    save(quantum, name=None)

    assert AccountManager.delete() is True
    assert AccountManager.delete() is False
    assert AccountManager.delete(channel="ibm_quantum") is True
    assert AccountManager.list() == {}


@pytest.mark.parametrize("channel", [None, "", [], {}])
def test_empty_channel_counts_as_not_given(cloud, channel):
    save(cloud, name=None)

    assert AccountManager.delete(channel=channel) is True


def test_misspelled_channel_deletes_nothing(cloud):
    save(cloud, name=None)

    with pytest.raises(InvalidAccountError, match="Invalid `channel` value"):
        AccountManager.delete(channel="typo")  # type: ignore[arg-type]

    assert list(AccountManager.list()) == ["default-ibm-cloud"]


def test_listing_migrates_old_accounts(default_file):
    write(
        default_file,
        {
            "default-legacy": old("legacy", "1"),
            "default-cloud": old("cloud", "2", instance=CRN),
            "named": old("legacy", "3", later="kept"),
            "odd": old("other", "4"),
        },
    )

    listed = AccountManager.list()

    assert {name: account.channel for name, account in listed.items()} == {
        "default-ibm-cloud": "ibm_cloud",
        "default-ibm-quantum": "ibm_quantum",
        "named": "ibm_quantum",
        "odd": None,
    }
    assert list(listed) == sorted(listed)
    written = json.loads(default_file.read_text())
    assert not [entry for entry in written.values() if "auth" in entry]
    assert written["named"]["later"] == "kept"
    assert stat.S_IMODE(default_file.stat().st_mode) == 0o600


def test_migration_loses_no_account(default_file):
    new = {"channel": "ibm_quantum", "token": "new", "url": "u"}
    write(default_file, {"default-legacy": old("legacy", "old"), "default-ibm-quantum": new})

    assert {name: account.token for name, account in AccountManager.list().items()} == {
        "default-ibm-quantum": "new",
        "default-legacy": "old",
    }
    assert AccountManager.get(channel="ibm_quantum").token == "new"


@pytest.mark.parametrize("name", [None, "mine"])
def test_old_account_counts_as_existing_when_saving(default_file, name, quantum):
    write(default_file, {name or "default-legacy": old("legacy", "t")})

    with pytest.raises(AccountAlreadyExistsError):
        save(quantum, name=name)
    save(quantum, name=name, overwrite=True)

    assert AccountManager.get(name=name) == quantum


@pytest.mark.parametrize(("name", "channel"), [("default-legacy", "ibm_quantum")])
def test_deletes_old_default_account_by_channel(default_file, name, channel):
    write(default_file, {name: old("legacy", "t")})

    assert AccountManager.delete(channel=channel) is True
    assert json.loads(default_file.read_text()) == {}


def test_finds_old_accounts_in_a_read_only_file(default_file, monkeypatch):
    write(default_file, {"default-legacy": old("legacy", "t")})

    def read_only(*_arguments):
        raise PermissionError(13, "Permission denied")

    # The tests may run as root, which ignores directory permissions.
    monkeypatch.setattr("qiskit_ibm_runtime.accounts.storage.change", read_only)

    assert list(AccountManager.list()) == ["default-ibm-quantum"]
    assert AccountManager.get().token == "t"
