"""Account fields: defaults, validation, saved format."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ids import label
from tests.standin import CRN

from qiskit_ibm_runtime import IBMInputValueError
from qiskit_ibm_runtime.accounts import (
    Account,
    InvalidAccountError,
)
from qiskit_ibm_runtime.api.clients import cloud_directory
from qiskit_ibm_runtime.proxies import ProxyConfiguration
from qiskit_ibm_runtime.utils.utils import get_runtime_api_base_url


@pytest.mark.parametrize(
    ("channel", "url"),
    [
        ("ibm_quantum", "https://auth.quantum-computing.ibm.com/api"),
        ("ibm_cloud", "https://cloud.ibm.com"),
        ("unknown", "https://cloud.ibm.com"),
        (None, "https://cloud.ibm.com"),
        ("local", None),
    ],
)
def test_each_channel_has_its_default_url(channel, url):
    assert Account(channel, "t").url == url
    assert Account(channel, "t", url="").url == url
    assert Account(channel, "t", url="https://x.example").url == "https://x.example"


@pytest.mark.parametrize("channel", ["", "ibm-cloud", None, 7])
def test_rejects_unknown_channel(channel):
    with pytest.raises(InvalidAccountError, match=r"Invalid `channel` value.*'ibm_quantum'"):
        Account(channel, "t").validate()


@pytest.mark.parametrize("token", ["", None, 1])
def test_token_must_be_a_string(token):
    with pytest.raises(InvalidAccountError, match="Invalid `token` value"):
        Account("ibm_quantum", token).validate()


@pytest.mark.parametrize("token", ["SECRET\n", " SECRET", "SEC\nRET", "SECRÉT"])
def test_rejects_token_invalid_in_header_without_showing_it(token):
    with pytest.raises(InvalidAccountError, match="Invalid `token` value") as caught:
        Account("ibm_quantum", token).validate()

    assert "SEC" not in str(caught.value)


@pytest.mark.parametrize(
    ("verify", "certificates"),
    [(None, True), (1, True), (np.True_, True), (0, False), ([], False), ("ca.pem", "ca.pem")],
)
def test_verify_is_a_bool_or_a_file(verify, certificates):
    account = Account("ibm_quantum", "t", verify=verify).validate()

    assert account.certificates is certificates
    assert account.verify is verify


@pytest.mark.parametrize("url", [123, "http://[broken"])
def test_url_must_be_parsable(url):
    with pytest.raises(InvalidAccountError, match="Invalid `url` value"):
        Account("ibm_quantum", "t", url=url).validate()


@pytest.mark.parametrize(
    ("channel", "instance"),
    [
        ("ibm_cloud", None),
        ("ibm_cloud", ""),
        ("ibm_cloud", 5),
        ("ibm_quantum", ""),
        ("ibm_quantum", "no-hgp"),
        ("ibm_quantum", "h/g/p/x"),
        ("ibm_quantum", "h//p"),
        ("ibm_quantum", 5),
    ],
)
def test_instance_must_match_its_channel(channel, instance):
    with pytest.raises(InvalidAccountError, match="Invalid `instance` value"):
        Account(channel, "t", instance=instance).validate()


@pytest.mark.parametrize("instance", ["crn:v1", "crn:12", "crn:v1:b:p:q:evil.example/:a/0:i::"])
def test_accepts_any_crn_until_a_url_is_derived_from_it(instance):
    account = Account("ibm_cloud", "t", instance=instance).validate()

    assert account.instance == instance
    with pytest.raises(IBMInputValueError, match="not a complete CRN"):
        get_runtime_api_base_url(account.url, instance)  # type: ignore[arg-type]
    assert get_runtime_api_base_url("http://127.0.0.1:1/x", instance) == "http://127.0.0.1:1/x"


def test_missing_instance_is_explained_once():
    with pytest.raises(InvalidAccountError) as caught:
        Account("ibm_cloud", "t").validate()

    assert caught.value.message.count("Invalid `instance` value") == 1


@pytest.mark.parametrize(
    "account",
    [
        Account("ibm_cloud", "t", instance=CRN),
        Account("ibm_cloud", "t", instance="a name"),
        Account("ibm_quantum", "t"),
        Account("ibm_quantum", "t", url="some_url", instance="h/g/p"),
        Account("local", "t", url="http://127.0.0.1:4000/api"),
        Account("local", "t", url="http://[::1]:4000/api"),
        Account("local", "t", url="http://localhost:4000"),
        Account("local", "t", url="https://far.example"),
    ],
    ids=label,
)
def test_validate_returns_the_account(account):
    assert account.validate() is account


@pytest.mark.parametrize("url", [None, "http://far.example/api", "http://127.0.0.1.far.example"])
def test_local_token_is_sent_only_to_loopback_or_over_tls(url):
    with pytest.raises(InvalidAccountError, match="Invalid `url` value"):
        Account("local", "t", url=url).validate()


@pytest.mark.parametrize(
    "proxies",
    [
        ProxyConfiguration(username_ntlm="user"),
        ProxyConfiguration(password_ntlm="secret"),
        ProxyConfiguration(urls=""),  # type: ignore[arg-type]
        ProxyConfiguration(urls={"https": 8080}),  # type: ignore[dict-item]
    ],
    ids=["user only", "password only", "no mapping", "no text"],
)
def test_rejects_invalid_proxies(proxies):
    with pytest.raises(ValueError, match="Invalid proxy configuration"):
        Account("ibm_quantum", "t", proxies=proxies).validate()


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"ulrs": {"https": "http://u:SECRET@h"}}, r"no field 'ulrs'.*urls, username_ntlm"),
        ("http://u:SECRET@h", r"a dict with any of urls.*not str"),
    ],
)
def test_malformed_proxies_error_names_allowed_fields(fields, text):
    with pytest.raises(TypeError, match=text) as caught:
        ProxyConfiguration.from_dict(fields)

    assert "SECRET" not in str(caught.value)


def test_repr_hides_token_and_proxy_passwords():
    account = Account(
        "ibm_quantum",
        "TOP-SECRET",
        proxies=ProxyConfiguration(urls={"https": "http://user:HIDDEN@proxy.example"}),
    )

    assert "TOP-SECRET" not in repr(account)
    assert "HIDDEN" not in repr(account)
    assert "ibm_quantum" in repr(account)


def test_accounts_are_equal_by_all_fields_and_have_no_hash(quantum):
    same = pickle.loads(pickle.dumps(quantum))
    other = Account("ibm_quantum", "quantum-token", instance="h/g/other")

    assert same == quantum
    assert other != quantum
    assert quantum != "quantum-token"
    with pytest.raises(TypeError, match="unhashable"):
        hash(quantum)


texts = st.text(max_size=10)
accounts = st.builds(
    Account,
    channel=st.sampled_from(["ibm_cloud", "ibm_quantum", "local"]),
    token=texts,
    url=st.none() | texts,
    instance=st.none() | texts,
    proxies=st.none()
    | st.builds(ProxyConfiguration, urls=st.dictionaries(texts, texts, min_size=1)),
    verify=st.booleans() | texts,
)


@given(account=accounts)
def test_saved_format_round_trips(account):
    assert Account.from_saved_format(account.to_saved_format()) == account


def test_saved_format_omits_unset_fields():
    saved = Account("ibm_quantum", "t", verify=None).to_saved_format()

    assert saved == {
        "channel": "ibm_quantum",
        "token": "t",
        "url": "https://auth.quantum-computing.ibm.com/api",
    }
    assert Account.from_saved_format(saved).verify is True


def test_ignores_fields_of_later_releases():
    account = Account.from_saved_format(
        {"channel": "ibm_quantum", "token": "t", "proxies": {}, "plan": "open"}
    )

    assert account == Account("ibm_quantum", "t")


def test_malformed_saved_proxies_error_does_not_show_them():
    with pytest.raises(InvalidAccountError, match="`proxies` of a saved account") as caught:
        Account.from_saved_format({"channel": "ibm_quantum", "token": "t", "proxies": {"pw": "S"}})

    assert "'S'" not in str(caught.value)


def test_auth_handler_matches_the_channel(cloud, quantum, crn):
    assert cloud.get_auth_handler().get_headers() == {
        "Service-CRN": crn,
        "Authorization": "apikey cloud-token",
    }
    assert quantum.get_auth_handler().get_headers() == {"X-Access-Token": "quantum-token"}
    local = Account("local", "t", url="http://127.0.0.1:1/api")
    assert local.get_auth_handler().get_headers() == {"X-Access-Token": "t"}


@pytest.fixture
def asked(monkeypatch):
    """Canned instances of an account, and the settings of each directory that lists them."""
    calls = []

    class Directory:
        def __init__(self, url, token, **settings):
            calls.append(settings)

        def instances(self, name=None):
            listed = [("two", CRN), ("one", CRN), ("two", CRN.replace("us-east", "eu-de"))]
            found = [cloud_directory.ServiceInstance(*one) for one in listed]
            return [instance for instance in found if name in (None, instance.name)]

    monkeypatch.setattr(cloud_directory, "CloudDirectory", Directory)
    return calls


def test_crn_is_used_without_a_request(cloud, quantum, crn, asked):
    cloud.resolve_crn()
    quantum.resolve_crn()

    assert cloud.instance == crn
    assert quantum.instance == "h/g/p"
    assert asked == []


def test_resolves_name_through_account_proxies(asked, crn):
    proxies = ProxyConfiguration(urls={"https": "http://proxy.example:1"})
    account = Account("ibm_cloud", "t", instance="one", proxies=proxies, verify=False)

    account.resolve_crn()

    assert account.instance == crn
    assert [(call["proxies"], call["verify"]) for call in asked] == [(proxies, False)]


def test_repr_hides_url_password_and_crn() -> None:
    crn = "crn:v1:bluemix:public:quantum-computing:us-east:a/account:instance::"
    account = Account("ibm_cloud", "key", url="https://me:PASSWORD@cloud.test", instance=crn)

    assert "PASSWORD" not in repr(account)
    assert "instance::" not in repr(account)
