"""The account file of the predecessor package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qiskit_ibm_runtime.accounts import (
    Account,
    AccountManager,
    AccountNotFoundError,
    InvalidAccountError,
    management,
)
from qiskit_ibm_runtime.proxies import ProxyConfiguration


@pytest.fixture
def qiskitrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "qiskitrc"
    monkeypatch.setattr(management, "_QISKITRC_CONFIG_FILE", str(path))
    monkeypatch.setattr(management, "_DEFAULT_ACCOUNT_CONFIG_JSON_FILE", str(tmp_path / "a.json"))
    return path


def test_reads_and_saves_indented_section(qiskitrc, tmp_path):
    qiskitrc.write_text(
        """
        [ibmq]
        token = 12345
        url = https://auth.example/api
        default_provider = ibm-q/open/main
        verify = False
        proxies = {'urls': {'https': 'localhost:8080'}}
        """
    )
    expected = Account(
        "ibm_quantum",
        "12345",
        "https://auth.example/api",
        "ibm-q/open/main",
        ProxyConfiguration(urls={"https": "localhost:8080"}),
        verify=False,
    )

    assert AccountManager.get() == expected
    assert AccountManager.list() == {"default-ibm-quantum": expected}
    assert AccountManager.get(channel="ibm_quantum") == expected


@pytest.mark.parametrize(
    ("line", "verify"),
    [("", True), ("verify = True", True), ("verify = no", False), ("verify = 0", False)],
)
def test_verify_is_boolean_and_defaults_to_true(qiskitrc, line, verify):
    qiskitrc.write_text(f"[ibmq]\ntoken = t%s\n{line}\n")

    account = AccountManager.get()

    assert account == Account("ibm_quantum", "t%s", verify=verify)


@pytest.mark.parametrize(
    ("text", "proxies"),
    [
        ("{'https': 'http://p:1'}", ProxyConfiguration(urls={"https": "http://p:1"})),
        ("{'urls': {'https': 'http://p:1'}}", ProxyConfiguration(urls={"https": "http://p:1"})),
        (
            "{'username_ntlm': 'u', 'password_ntlm': 'p'}",
            ProxyConfiguration(username_ntlm="u", password_ntlm="p"),
        ),
        ("{}", None),
    ],
)
def test_reads_both_proxy_formats(qiskitrc, text, proxies):
    qiskitrc.write_text(f"[ibmq]\ntoken = t\nproxies = {text}\n")

    assert AccountManager.get().proxies == proxies


@pytest.mark.parametrize("text", ["{'https':", "print('x')", "7", "{'urls': {}, 'PASSWORD': 1}"])
def test_invalid_proxies_error_does_not_show_them(qiskitrc, text):
    qiskitrc.write_text(f"[ibmq]\ntoken = t\nproxies = {text}\n")

    with pytest.raises(InvalidAccountError, match="`proxies` in qiskitrc") as caught:
        AccountManager.get()
    assert "PASSWORD" not in str(caught.value)


def test_prefers_service_section_then_first_with_token(qiskitrc):
    qiskitrc.write_text("[a]\nx = 1\n[b]\ntoken = b\n[ibmq]\ntoken = q\n[z]\ntoken = z\n")
    assert AccountManager.get().token == "q"

    AccountManager.delete(channel="ibm_quantum")
    qiskitrc.write_text("[a]\nx = 1\n[b]\ntoken = b\n[z]\ntoken = z\n")
    assert AccountManager.get().token == "b"


def test_is_never_used_for_the_cloud(qiskitrc):
    qiskitrc.write_text("[ibmq]\ntoken = t\n")

    with pytest.raises(AccountNotFoundError, match="No default ibm_cloud"):
        AccountManager.get(channel="ibm_cloud")


def test_can_be_read_again_with_another_account_file(qiskitrc, tmp_path):
    qiskitrc.write_text("[ibmq]\ntoken = t\n")
    AccountManager.get()
    AccountManager.save("mine", channel="ibm_quantum", name=None, overwrite=True)
    other = str(tmp_path / "other.json")

    assert AccountManager.get(filename=other).token == "t"
    assert AccountManager.get(filename=other, channel="ibm_quantum").token == "t"
    assert AccountManager.get().token == "mine"


def test_is_used_without_saving_when_account_file_is_damaged(qiskitrc, tmp_path):
    qiskitrc.write_text("[ibmq]\ntoken = t\n")
    (tmp_path / "a.json").write_text("damaged")

    assert AccountManager.get(filename=str(tmp_path / "other.json")).token == "t"
    assert (tmp_path / "a.json").read_text() == "damaged"


@pytest.mark.parametrize("text", ["token = SECRET\n", "[a\n", "[a]\ntoken = 1\n[a]\n"])
def test_other_file_format_error_does_not_show_content(qiskitrc, text):
    qiskitrc.write_text(text)

    with pytest.raises(InvalidAccountError, match="qiskitrc") as caught:
        AccountManager.get()
    assert "SECRET" not in str(caught.value)


def test_ignores_file_without_token(qiskitrc):
    qiskitrc.write_text("[ibmq]\nurl = x\n")

    with pytest.raises(AccountNotFoundError):
        AccountManager.get()


def test_is_saved_with_account_keys(qiskitrc, tmp_path):
    qiskitrc.write_text("[ibmq]\ntoken = t\nother = x\n")

    AccountManager.get()

    assert json.loads((tmp_path / "a.json").read_text()) == {
        "default-ibm-quantum": {
            "channel": "ibm_quantum",
            "token": "t",
            "url": "https://auth.quantum-computing.ibm.com/api",
            "verify": True,
        }
    }
