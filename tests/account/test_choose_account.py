"""Selection of an account from the arguments of the service."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from tests.ids import label

from qiskit_ibm_runtime.accounts import (
    Account,
    AccountManager,
    AccountNotFoundError,
    InvalidAccountError,
    choose_account,
)
from qiskit_ibm_runtime.proxies import ProxyConfiguration

LOCAL_URL = "http://127.0.0.1:4000/api"


@pytest.fixture
def saved(cloud, quantum) -> None:
    for account, name in ((cloud, None), (quantum, None), (quantum, "mine")):
        AccountManager.save(
            account.token,
            instance=account.instance,
            channel=account.channel,
            name=name,
            verify=account.verify,
        )


@pytest.fixture
def warnings_logged(caplog):
    caplog.set_level(logging.WARNING, "qiskit_ibm_runtime")
    return caplog


old_argument = pytest.mark.filterwarnings("ignore:The `auth` parameter:DeprecationWarning")


@old_argument
def test_name_takes_precedence_over_everything(saved, quantum, warnings_logged):
    chosen = choose_account(name="mine")
    assert chosen == quantum
    assert warnings_logged.text == ""

    ignored: list[dict[str, Any]] = [
        {"channel": "ibm_cloud"},
        {"auth": "cloud"},
        {"token": "t"},
        {"url": "u"},
    ]
    for other in ignored:
        warnings_logged.clear()
        assert choose_account(name="mine", **other) == quantum
        assert [r.levelname for r in warnings_logged.records] == ["WARNING"]
        assert "are ignored" in warnings_logged.text


def test_warning_names_the_file(tmp_path, quantum, warnings_logged):
    filename = str(tmp_path / "f.json")
    AccountManager.save("quantum-token", None, "h/g/p", "ibm_quantum", filename, "mine")

    assert choose_account(name="mine", filename=filename, url="u") == quantum
    assert filename in warnings_logged.text


def test_channel_and_token_define_an_account(saved, monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "e")
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", "h/g/e")

    assert choose_account("ibm_quantum", token="t") == Account("ibm_quantum", "t")
    assert choose_account("ibm_cloud", token="t", url="u") == Account("ibm_cloud", "t", "u")


@old_argument
@pytest.mark.parametrize("token", [None, ""])
def test_channel_alone_selects_its_default(saved, cloud, quantum, token):
    assert choose_account("ibm_cloud", token=token) == cloud
    assert choose_account("ibm_quantum", token=token) == quantum
    assert choose_account(auth="legacy", token=token) == quantum
    assert choose_account(auth="cloud", token=token) == cloud
    assert choose_account("ibm_quantum", auth="cloud", token=token) == quantum


def test_url_without_token_is_ignored_with_a_warning(saved, quantum, warnings_logged):
    assert choose_account("ibm_quantum", url="https://x.example") == quantum
    assert "url" in warnings_logged.text
    assert "ignored" in warnings_logged.text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"channel": "typo"}, "'channel' can only be .* not 'typo'"),
        ({"auth": "typo"}, "'auth' can only be .* not 'typo'"),
        ({"auth": "typo", "channel": "typo"}, "'auth' can only be"),
        ({"token": "t"}, "'channel' is required.*'token'"),
        ({"url": "u"}, "'channel' is required.*'token'"),
    ],
    ids=label,
)
@old_argument
def test_rejects_contradictory_arguments(saved, arguments, text, monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "e")

    with pytest.raises(ValueError, match=text):
        choose_account(**arguments)


def test_without_arguments_uses_environment_then_default(saved, cloud, monkeypatch):
    assert choose_account() == cloud
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "e")
    assert choose_account() == Account("ibm_cloud", "e")


def test_instance_proxies_and_verify_override_the_account(saved):
    urls = {"https": "http://proxy.example:1"}
    each: list[dict[str, Any]] = [{"name": "mine"}, {"channel": "ibm_quantum"}]
    for arguments in each:
        chosen = choose_account(**arguments, instance="x/y/z", proxies={"urls": urls}, verify=False)
        assert chosen == Account(
            "ibm_quantum",
            "quantum-token",
            instance="x/y/z",
            proxies=ProxyConfiguration(urls=urls),
            verify=False,
        )


def test_empty_argument_overrides_nothing(saved, quantum):
    assert choose_account(name="mine", instance=None, proxies={}, verify=None) == quantum


def test_empty_instance_counts_as_not_given(saved):
    account = choose_account(name="mine", instance="")

    with pytest.raises(InvalidAccountError, match="`instance`"):
        account.validate()


def test_rejects_unknown_proxy_field(saved):
    with pytest.raises(TypeError, match="socks"):
        choose_account(name="mine", proxies={"socks": "x"})


def test_missing_account_is_an_error_except_for_the_embedded_runtime(monkeypatch):
    with pytest.raises(AccountNotFoundError):
        choose_account()
    with pytest.raises(AccountNotFoundError):
        choose_account("ibm_quantum")

    assert choose_account("local") is None
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "a key of another channel")
    assert choose_account("local") is None
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "local")
    assert choose_account() is None


def test_local_channel_in_environment_takes_precedence_over_saved_defaults(saved, monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "local")

    assert choose_account() is None


def test_connects_to_running_local_server(monkeypatch):
    joined = Account("local", "t", LOCAL_URL)

    assert choose_account("local", token="t", url=LOCAL_URL) == joined

    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "local")
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "t")
    monkeypatch.setenv("QISKIT_IBM_URL", LOCAL_URL)
    assert choose_account() == joined
    assert choose_account("local") == joined


def test_connects_to_saved_local_account():
    AccountManager.save("t", LOCAL_URL, channel="local", name=None)

    assert choose_account("local") == Account("local", "t", LOCAL_URL)


@pytest.mark.parametrize("arguments", [{"token": "t"}, {"url": LOCAL_URL}], ids=label)
def test_incomplete_local_account_does_not_start_a_server(arguments):
    account = choose_account("local", **arguments)

    assert account is not None
    with pytest.raises(InvalidAccountError):
        account.validate()
