"""Accounts saved by IBM's newer clients in the same file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.accounts import (
    Account,
    AccountManager,
    AccountNotFoundError,
    InvalidAccountError,
    choose_account,
)

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/account:instance::"
PLATFORM = {
    "channel": "ibm_quantum_platform",
    "instance": CRN,
    "is_default_account": True,
    "plans_preference": ["open"],
    "private_endpoint": False,
    "region": "us-east",
    "tags": ["dev", "naïve"],
    "token": "platform-key",
    "url": "https://cloud.ibm.com",
}
CLOUD = {
    "channel": "ibm_cloud",
    "instance": "my-instance",
    "is_default_account": False,
    "private_endpoint": True,
    "proxies": {"urls": {"https": "http://p:1"}},
    "token": "cloud-key",
    "url": "https://cloud.ibm.com",
    "verify": False,
}
DEFAULT = "default-ibm-quantum-platform"


@pytest.fixture
def write(default_file):
    def content(**entries):
        default_file.parent.mkdir(parents=True, exist_ok=True)
        default_file.write_text(json.dumps(entries), encoding="utf-8")
        default_file.chmod(0o600)

    return content


def test_are_listed(write):
    write(**{DEFAULT: PLATFORM, "named": CLOUD})

    listed = AccountManager.list()
    assert {name: account.channel for name, account in listed.items()} == {
        DEFAULT: "ibm_quantum_platform",
        "named": "ibm_cloud",
    }
    assert listed["named"].proxies.urls == {"https": "http://p:1"}
    assert list(AccountManager.list(channel="ibm_quantum_platform")) == [DEFAULT]
    assert list(AccountManager.list(default=True)) == [DEFAULT]
    assert QiskitRuntimeService.saved_accounts(name=DEFAULT)[DEFAULT]["token"] == "platform-key"


def test_survive_every_change_unmodified(write, default_file):
    write(**{DEFAULT: PLATFORM, "named": CLOUD})

    QiskitRuntimeService.save_account(channel="ibm_quantum", token="t", name="mine")
    QiskitRuntimeService.save_account(channel="ibm_cloud", token="t", instance=CRN)
    QiskitRuntimeService.delete_account(name="mine")
    AccountManager.get()

    kept = json.loads(default_file.read_text(encoding="utf-8"))
    del kept["default-ibm-cloud"]
    assert kept == {DEFAULT: PLATFORM, "named": CLOUD}


def test_deletes_one_by_channel(write):
    write(**{DEFAULT: PLATFORM, "named": CLOUD})

    assert QiskitRuntimeService.delete_account(channel="ibm_quantum_platform")
    assert list(AccountManager.list()) == ["named"]


def test_uses_account_for_a_supported_channel(write):
    write(named=CLOUD)

    chosen = choose_account(name="named")
    assert (chosen.channel, chosen.token, chosen.verify) == ("ibm_cloud", "cloud-key", False)


@pytest.mark.parametrize("channel", [None, "ibm_cloud"])
def test_uses_account_marked_as_default(write, channel):
    marked = {**CLOUD, "is_default_account": True}
    write(work=marked, other={**CLOUD, "token": "other"})
    assert choose_account(channel).token == "cloud-key"

    write(**{"work": marked, "default-ibm-cloud": {**CLOUD, "token": "by its name"}})
    assert choose_account(channel).token == "by its name"


def test_default_mark_applies_to_its_channel_only(write):
    write(**{"work": {**CLOUD, "is_default_account": True}, DEFAULT: PLATFORM})

    with pytest.raises(AccountNotFoundError, match="'work' for 'ibm_cloud'"):
        choose_account("ibm_quantum")


def test_local_account_of_newer_client_does_not_block_embedded_runtime(write):
    write(fakes={"channel": "local", "is_default_account": True, "token": ""})

    assert choose_account("local") is None


@pytest.mark.parametrize("marked", [True, False])
def test_platform_default_account_keeps_extra_fields(write, marked):
    write(**{DEFAULT: {**PLATFORM, "is_default_account": marked}})

    each: list[dict[str, Any]] = [{}, {"name": DEFAULT}, {"channel": "ibm_quantum_platform"}]
    for arguments in each:
        chosen = choose_account(**arguments).validate()
        assert (chosen.channel, chosen.token) == ("ibm_quantum_platform", "platform-key")
        assert chosen.is_of_platform
        assert chosen.preferences["plans_preference"] == ["open"]
        assert chosen.to_saved_format() == {
            **PLATFORM,
            "is_default_account": marked,
            "verify": True,
        }


def test_other_accounts_still_work(write):
    write(**{DEFAULT: PLATFORM, "default-ibm-cloud": CLOUD})

    assert choose_account().token == "cloud-key"
    assert choose_account("local") is None


def test_saves_and_loads_platform_account():
    QiskitRuntimeService.save_account(channel="ibm_quantum_platform", token="t", instance="mine")

    assert choose_account("ibm_quantum_platform").token == "t"
    assert QiskitRuntimeService.saved_accounts()[DEFAULT]["instance"] == "mine"


@pytest.mark.parametrize(
    "account",
    [
        {"channel": "ibm_quantum", "url": "https://quantum.cloud.ibm.com/api/v1"},
        {"channel": "ibm_quantum", "url": "https://eu-de.quantum.cloud.ibm.com/api/v1"},
        {"channel": "ibm_quantum_platform", "url": "https://auth.quantum-computing.ibm.com/api"},
    ],
)
def test_token_is_never_sent_to_a_host_of_another_channel(account):
    with pytest.raises(InvalidAccountError, match="Invalid `url` value"):
        QiskitRuntimeService(token="t", **account)


def test_environment_token_of_old_channel_is_not_used_for_the_platform(monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "ibm_quantum")
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "old")

    with pytest.raises(AccountNotFoundError):
        choose_account("ibm_quantum_platform")


def test_platform_rejects_hub_group_project():
    with pytest.raises(InvalidAccountError, match="hub/group/project"):
        Account("ibm_quantum_platform", "t", instance="ibm-q/open/main").validate()


def test_platform_channel_in_environment_does_not_affect_others(monkeypatch, write):
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "ibm_quantum_platform")
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "of the environment")
    write(named=CLOUD)

    assert choose_account("local") is None
    assert choose_account("ibm_cloud", token="t") == Account("ibm_cloud", "t")
    assert choose_account("ibm_cloud").token == "of the environment"
    assert choose_account(name="named").token == "cloud-key"
    assert choose_account() == Account("ibm_quantum_platform", "of the environment")
