"""The service as an object: identity, copies and pickles, old names, and accounts on disk."""

from __future__ import annotations

import copy
import pickle
import stat
import warnings

import pytest
from tests.ids import label

from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.accounts import (
    AccountAlreadyExistsError,
    AccountManager,
    AccountNotFoundError,
    InvalidAccountError,
    management,
)
from qiskit_ibm_runtime.qiskit_runtime_service import _living


def test_services_are_equal_to_themselves_only(standin):
    one, two = standin.service(), standin.service()

    assert one in [two, one]
    assert one != two
    assert len({one, two}) == 2
    assert repr(one) == "<QiskitRuntimeService>"
    assert one.runtime is one
    assert one.channel == "ibm_quantum"


def test_a_copy_of_a_service_is_the_service(standin):
    service = standin.service()

    assert copy.copy(service) is service
    assert copy.deepcopy({"service": [service]})["service"][0] is service


def test_a_pickled_service_finds_itself_in_its_own_process(standin):
    service = standin.service()
    service.backend("fake_one")
    standin.forget()

    assert pickle.loads(pickle.dumps(service)) is service
    assert standin.asked == []


@pytest.mark.parametrize("face", ["service", "cloud_service"])
def test_a_pickled_service_carries_no_secret(standin, face):
    pickled = pickle.dumps(getattr(standin, face)(proxies={"urls": {"ftp": "http://u:PROXYPW@x"}}))

    for secret in (b"API-TOKEN", b"ACCESS-TOKEN", b"API-KEY", b"PROXYPW"):
        assert secret not in pickled


@pytest.fixture
def elsewhere(standin):
    """A pickled service whose process has ended, as far as one can tell from here."""
    service = standin.service(instance="h/g/p")
    pickled = pickle.dumps(service)
    _living.clear()
    standin.forget()
    return pickled


def test_in_another_process_the_token_comes_from_the_environment(standin, elsewhere, monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "API-TOKEN")
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "ibm_quantum")
    monkeypatch.setenv("QISKIT_IBM_URL", f"{standin.url}/api")

    service = pickle.loads(elsewhere)

    assert service.active_account()["instance"] == "h/g/p"
    assert service.backend("fake_one").name == "fake_one"
    assert pickle.loads(elsewhere) is service  # once for each process


def test_in_another_process_the_token_comes_from_any_saved_account_that_has_it(standin, elsewhere):
    AccountManager.save("OTHER", channel="ibm_quantum", name=None)
    AccountManager.save("API-TOKEN", f"{standin.url}/api", channel="ibm_quantum", name="mine")

    assert pickle.loads(elsewhere).active_account()["token"] == "API-TOKEN"


def test_without_the_token_a_pickle_says_what_is_missing(standin, elsewhere):
    AccountManager.save("OTHER", f"{standin.url}/api", channel="ibm_quantum", name=None)
    AccountManager.save("API-TOKEN", channel="ibm_quantum", name="for another address")

    with pytest.raises(AccountNotFoundError, match=r"token was left out.*QISKIT_IBM_TOKEN"):
        pickle.loads(elsewhere)

    assert standin.asked == []


def test_the_active_account_is_shown_with_its_token(standin, crn):
    account = standin.cloud_service(verify=False).active_account()

    assert account == {
        "channel": "ibm_cloud",
        "token": "API-KEY",
        "url": f"{standin.url}/experimental",
        "instance": crn,
        "verify": False,
    }


def test_accounts_are_saved_listed_and_deleted():
    save = QiskitRuntimeService.save_account
    proxies = {"urls": {"https": "http://proxy.example:1"}}
    save(token="q", channel="ibm_quantum", proxies=proxies, verify=False)
    save(token="c", channel="ibm_cloud", instance="a service", name="mine")

    listed = QiskitRuntimeService.saved_accounts()
    assert listed["default-ibm-quantum"] == {
        "channel": "ibm_quantum",
        "token": "q",
        "url": "https://auth.quantum-computing.ibm.com/api",
        "proxies": proxies,
        "verify": False,
    }
    assert list(QiskitRuntimeService.saved_accounts(default=False)) == ["mine"]
    assert list(QiskitRuntimeService.saved_accounts(channel="ibm_quantum")) == [
        "default-ibm-quantum"
    ]
    with pytest.raises(AccountAlreadyExistsError, match="overwrite=True"):
        save(token="q", channel="ibm_quantum")
    assert QiskitRuntimeService.delete_account(name="mine") is True
    assert QiskitRuntimeService.delete_account(name="mine") is False
    assert QiskitRuntimeService.delete_account(channel="ibm_quantum") is True
    assert QiskitRuntimeService.saved_accounts() == {}


@pytest.mark.parametrize("account", ["quantum", "cloud", "named"])
def test_a_saved_account_starts_a_service(standin, crn, account):
    fields = {
        "quantum": {"channel": "ibm_quantum", "token": "t", "url": f"{standin.url}/api"},
        "cloud": {
            "channel": "ibm_cloud",
            "token": "t",
            "url": f"{standin.url}/experimental",
            "instance": crn,
        },
    }
    fields["named"] = {**fields["quantum"], "name": "mine"}
    QiskitRuntimeService.save_account(**fields[account])

    service = QiskitRuntimeService(name=fields[account].get("name"))

    assert service.channel == fields[account]["channel"]
    assert service.backend("fake_one").name == "fake_one"


def test_a_token_in_the_environment_starts_a_service_without_touching_the_disk(
    standin, monkeypatch, tmp_path
):
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "API-TOKEN")
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "ibm_quantum")
    monkeypatch.setenv("QISKIT_IBM_URL", f"{standin.url}/api")

    assert QiskitRuntimeService().channel == "ibm_quantum"
    assert not (tmp_path / "home-without-accounts").exists()


def test_the_file_is_private_from_the_first_save():
    QiskitRuntimeService.save_account(token="q", channel="ibm_quantum")

    path = management.Path(management._DEFAULT_ACCOUNT_CONFIG_JSON_FILE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"channel": "typo", "token": "t"}, "channel.*'typo'"),
        ({"channel": "ibm_quantum", "token": ""}, "`token`"),
        ({"channel": "ibm_quantum", "token": "t", "instance": "h/g"}, "hub/group/project.*"),
        ({"channel": "ibm_cloud", "token": "t"}, "`instance`"),
        ({"channel": "ibm_quantum", "token": "t", "url": 5}, "`url`"),
    ],
    ids=label,
)
def test_what_cannot_be_used_is_not_saved(fields, text):
    with pytest.raises(InvalidAccountError, match=text):
        QiskitRuntimeService.save_account(**fields)

    assert QiskitRuntimeService.saved_accounts() == {}


@pytest.mark.parametrize(
    ("fields", "error", "text"),
    [
        ({"channel": "typo"}, ValueError, "'channel' can only be .*'ibm_quantum'.*'typo'"),
        ({"token": "t"}, ValueError, "'channel' is required.*'token'"),
        ({"channel": "ibm_quantum", "instance": "h/g"}, InvalidAccountError, "'h/g'"),
        ({"channel": "ibm_quantum", "instance": "h//p"}, InvalidAccountError, "hub/group/proj"),
        ({"channel": "ibm_quantum", "token": ""}, AccountNotFoundError, "save_account"),
        ({"channel": "ibm_quantum", "proxies": {"urls": "x"}}, ValueError, "Invalid proxy"),
        ({"channel": "ibm_quantum", "proxies": {"typo": "x"}}, TypeError, "typo"),
        ({"name": "typo"}, AccountNotFoundError, "'typo' does not exist"),
    ],
    ids=label,
)
def test_bad_arguments_are_refused_before_anything_is_sent(standin, fields, error, text):
    usual = {} if "name" in fields or fields.get("channel") is None else {"token": "t"}

    with pytest.raises(error, match=text):
        QiskitRuntimeService(**{"url": f"{standin.url}/api", **usual, **fields})

    assert standin.asked == []


def test_an_unknown_channel_lists_nothing_and_deletes_nothing():
    assert QiskitRuntimeService.saved_accounts(channel="typo") == {}
    with pytest.raises(InvalidAccountError, match="'typo'"):
        QiskitRuntimeService.delete_account(channel="typo")


def test_the_old_argument_works_and_blames_the_callers_line(standin):
    save = {"token": "t", "url": f"{standin.url}/api"}
    calls = [
        lambda: QiskitRuntimeService.save_account(auth="legacy", **save),
        lambda: QiskitRuntimeService.saved_accounts(auth="legacy"),
        lambda: QiskitRuntimeService(auth="legacy", **save),
        lambda: QiskitRuntimeService(auth="legacy"),
        lambda: QiskitRuntimeService.delete_account(auth="legacy"),
    ]

    answers = []
    for call in calls:
        with pytest.warns(DeprecationWarning, match="`auth` parameter is deprecated") as caught:
            answers.append(call())
        assert [warning.filename for warning in caught] == [__file__]
        assert "channel='ibm_cloud'" in str(caught[0].message)
        assert "channel='ibm_quantum'" in str(caught[0].message)

    assert list(answers[1]) == ["default-ibm-quantum"]
    assert answers[2].channel == "ibm_quantum"
    assert answers[4] is True


@pytest.mark.filterwarnings("ignore:The `auth` parameter:DeprecationWarning")
def test_the_channel_wins_over_the_old_argument(standin):
    QiskitRuntimeService.save_account(token="t", channel="ibm_quantum", auth="cloud")

    assert list(QiskitRuntimeService.saved_accounts(channel="ibm_quantum", auth="cloud")) == [
        "default-ibm-quantum"
    ]
    with pytest.raises(ValueError, match="'auth' can only be"):
        QiskitRuntimeService.saved_accounts(auth="typo")


def test_the_old_property_tells_the_old_names_and_warns(standin):
    for service, name in ((standin.service(), "legacy"), (standin.cloud_service(), "cloud")):
        with pytest.warns(DeprecationWarning, match="auth property is deprecated") as caught:
            assert service.auth == name
        assert [warning.filename for warning in caught] == [__file__]


def test_a_subclass_is_the_caller_of_the_class(standin):
    class Ours(QiskitRuntimeService):
        def __init__(self) -> None:
            super().__init__("ibm_quantum", "legacy", "t", f"{standin.url}/api")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Ours()

    assert [(w.category, w.filename) for w in caught] == [(DeprecationWarning, __file__)]


def test_a_pickle_of_an_embedded_runtime_that_is_gone_says_so(standin):
    pickled = pickle.dumps(standin.service(channel="local"))
    _living.clear()

    with pytest.raises(AccountNotFoundError, match="ends with the process that started it"):
        pickle.loads(pickled)
