"""The service object: identity, copying, pickling, old names, saved accounts."""

from __future__ import annotations

import copy
import pickle
import stat
import warnings
from pathlib import Path

import pytest
from tests.ids import label
from tests.standin import DEVICE

from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.accounts import (
    AccountAlreadyExistsError,
    AccountManager,
    AccountNotFoundError,
    InvalidAccountError,
    management,
)
from qiskit_ibm_runtime.qiskit_runtime_service import _living


def test_services_compare_by_identity(standin):
    one, two = standin.log_in(), standin.log_in()

    assert one in [two, one]
    assert one != two
    assert len({one, two}) == 2
    assert repr(one) == "<QiskitRuntimeService>"
    assert one.runtime is one
    assert one.channel == "ibm_quantum"


def test_copy_returns_the_same_service(standin):
    service = standin.log_in()

    assert copy.copy(service) is service
    assert copy.deepcopy({"service": [service]})["service"][0] is service


def test_pickle_loads_the_same_service_in_its_own_process(standin):
    service = standin.log_in()
    service.backend(DEVICE)
    standin.requests.clear()

    assert pickle.loads(pickle.dumps(service)) is service
    assert standin.requests == []


@pytest.mark.parametrize("channel", ["ibm_quantum", "ibm_cloud"])
def test_pickle_has_no_secret(standin, channel):
    pickled = pickle.dumps(standin.log_in(channel, proxies={"urls": {"ftp": "http://u:PROXYPW@x"}}))

    for secret in (b"API-TOKEN", b"ACCESS-TOKEN", b"API-KEY", b"PROXYPW"):
        assert secret not in pickled


@pytest.fixture
def elsewhere(standin):
    """A pickled service that looks as if its process has ended."""
    service = standin.log_in(instance="h/g/p")
    pickled = pickle.dumps(service)
    _living.clear()
    standin.requests.clear()
    return pickled


def test_unpickling_elsewhere_reads_token_from_environment(standin, elsewhere, monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "API-TOKEN")
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "ibm_quantum")
    monkeypatch.setenv("QISKIT_IBM_URL", f"{standin.url}/api")

    service = pickle.loads(elsewhere)

    assert service.active_account()["instance"] == "h/g/p"
    assert service.backend(DEVICE).name == DEVICE
    assert pickle.loads(elsewhere) is service  # once for each process


def test_unpickling_elsewhere_reads_token_from_matching_saved_account(standin, elsewhere):
    AccountManager.save("OTHER", channel="ibm_quantum", name=None)
    AccountManager.save("API-TOKEN", f"{standin.url}/api", channel="ibm_quantum", name="mine")

    assert pickle.loads(elsewhere).active_account()["token"] == "API-TOKEN"


def test_unpickling_without_token_says_what_is_missing(standin, elsewhere):
    AccountManager.save("OTHER", f"{standin.url}/api", channel="ibm_quantum", name=None)
    AccountManager.save("API-TOKEN", channel="ibm_quantum", name="for another address")

    with pytest.raises(AccountNotFoundError, match=r"contains no token.*QISKIT_IBM_TOKEN"):
        pickle.loads(elsewhere)

    assert standin.requests == []


def test_active_account_has_its_token(standin, crn):
    account = standin.log_in("ibm_cloud", verify=False).active_account()

    assert account == {
        "channel": "ibm_cloud",
        "token": "API-KEY",
        "url": f"{standin.url}/experimental",
        "instance": crn,
        "verify": False,
    }


def test_saves_lists_and_deletes_accounts():
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
def test_saved_account_creates_a_service(standin, crn, account):
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
    assert service.backend(DEVICE).name == DEVICE


def test_environment_token_creates_a_service_without_touching_the_disk(
    standin, monkeypatch, tmp_path
):
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "API-TOKEN")
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "ibm_quantum")
    monkeypatch.setenv("QISKIT_IBM_URL", f"{standin.url}/api")

    assert QiskitRuntimeService().channel == "ibm_quantum"
    assert not (tmp_path / "home-without-accounts").exists()


def test_account_file_is_private_from_the_first_save():
    QiskitRuntimeService.save_account(token="q", channel="ibm_quantum")

    path = Path(management._DEFAULT_ACCOUNT_CONFIG_JSON_FILE)
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
def test_invalid_account_is_not_saved(fields, text):
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
def test_rejects_invalid_arguments_before_sending(standin, fields, error, text):
    usual = {} if "name" in fields or fields.get("channel") is None else {"token": "t"}

    with pytest.raises(error, match=text):
        QiskitRuntimeService(**{"url": f"{standin.url}/api", **usual, **fields})

    assert standin.requests == []


def test_unknown_channel_lists_and_deletes_nothing():
    assert QiskitRuntimeService.saved_accounts(channel="typo") == {}  # type: ignore[arg-type]
    with pytest.raises(InvalidAccountError, match="'typo'"):
        QiskitRuntimeService.delete_account(channel="typo")  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:The `auth` parameter:DeprecationWarning")
def test_channel_takes_precedence_over_auth(standin):
    QiskitRuntimeService.save_account(token="t", channel="ibm_quantum", auth="cloud")

    assert list(QiskitRuntimeService.saved_accounts(channel="ibm_quantum", auth="cloud")) == [
        "default-ibm-quantum"
    ]


def test_deprecation_warning_points_at_the_subclass(standin):
    class Ours(QiskitRuntimeService):
        def __init__(self) -> None:
            super().__init__("ibm_quantum", "legacy", "t", f"{standin.url}/api")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Ours()

    assert [(w.category, w.filename) for w in caught] == [(DeprecationWarning, __file__)]


def test_pickle_of_a_stopped_embedded_runtime_says_so(standin):
    pickled = pickle.dumps(standin.log_in(channel="local"))
    _living.clear()

    with pytest.raises(AccountNotFoundError, match="ends with the process that started it"):
        pickle.loads(pickled)
