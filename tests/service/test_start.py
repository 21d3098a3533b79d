"""Service startup: requests, round trips, and tolerated failures."""

from __future__ import annotations

import warnings

import pytest
from tests.ids import label
from tests.standin import DEVICE

from qiskit_ibm_runtime import IBMAccountError, IBMInputValueError, IBMNotAuthorizedError
from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError, RequestsApiError
from qiskit_ibm_runtime.hub_group_project import HubGroupProject


def is_list(asked) -> bool:
    return asked.path.endswith("/backends")


def test_startup_with_twenty_projects_takes_four_round_trips(standin):
    """
    Version and hubs are fetched concurrently, as are all lists, over one pool per host.
    """
    standin.fill(projects=20, devices=20)
    standin.meet(2, lambda asked: asked.path in ("/api/version", "/api/Network"))
    standin.meet(20, is_list)

    service = standin.log_in()

    assert standin.dependent() == 4
    assert len(standin.requests) == 24
    assert standin.opened() == 20  # one per concurrent list; the pool does not grow further
    assert standin.paths("configuration") == []
    assert len(service._backends) == 20


def test_startup_with_one_project_takes_at_most_two_connections(standin):
    standin.log_in()

    assert len(standin.requests) == 5
    assert standin.opened() <= 2  # version and hubs are concurrent, the rest uses one connection


def test_cloud_startup_takes_one_request(standin):
    standin.fill(projects=1, devices=20)

    service = standin.log_in("ibm_cloud")

    assert standin.paths() == ["/experimental/backends"]
    assert len(service._backends) == 20
    assert not hasattr(service, "_hgps")


def test_credentials_are_sent_only_where_needed(standin, crn):
    standin.log_in()
    sent = {request.path: request.headers for request in standin.requests}

    assert "X-Access-Token" not in sent["/api/version"]
    assert "X-Access-Token" not in sent["/api/users/loginWithToken"]
    assert sent["/api/Network"]["X-Access-Token"] == "ACCESS-TOKEN"
    assert sent["/runtime/backends"]["X-Access-Token"] == "ACCESS-TOKEN"

    standin.requests.clear()
    standin.log_in("ibm_cloud")
    assert crn == standin.requests[0].headers["Service-CRN"]
    assert standin.requests[0].headers["Authorization"] == "apikey API-KEY"


def test_searches_account_project_first_and_open_projects_last(standin):
    standin.projects = {name: [DEVICE] for name in ("ibm-q/open/main", "a/b/c", "d/e/f")}
    standin.default = "ibm-q/open/main"

    assert list(standin.log_in()._hgps) == ["a/b/c", "d/e/f", "ibm-q/open/main"]
    assert list(standin.log_in(instance="d/e/f")._hgps) == ["d/e/f", "a/b/c", "ibm-q/open/main"]
    assert list(standin.log_in(instance="ibm-q/open/main")._hgps) == [
        "ibm-q/open/main",
        "a/b/c",
        "d/e/f",
    ]


def test_premium_default_project_stays_first(standin):
    standin.projects = {name: [DEVICE] for name in ("a/b/c", "d/e/f")}
    standin.default = "d/e/f"

    assert list(standin.log_in()._hgps) == ["d/e/f", "a/b/c"]


def test_unknown_instance_is_ignored_with_a_warning_at_the_caller(standin):
    with pytest.warns(UserWarning, match="x/y/z was not found for the account and is ignored") as w:
        service = standin.log_in(instance="x/y/z")

    assert w[0].filename.endswith("tests/standin.py")  # it makes the call
    assert list(service._hgps) == ["h/g/p"]


def test_broken_project_is_skipped_with_one_warning(standin):
    standin.projects = {"a/b/c": ["one"], "d/e/f": ["two"]}
    standin.faults["provider=a/b/c"] = (403, {"errors": [{"code": 1200, "message": "No."}]})
    standin.faults["provider=a%2Fb%2Fc"] = standin.faults["provider=a/b/c"]

    with pytest.warns(UserWarning, match="a/b/c: .*No") as caught:
        service = standin.log_in()

    assert len(caught) == 1
    assert [backend.name for backend in service.backends()] == ["two"]
    with pytest.raises(RequestsApiError, match="403"):
        service.backends(instance="a/b/c")

    standin.faults.clear()
    assert [backend.name for backend in service.backends(instance="a/b/c")] == ["one"]
    assert service.backend("one", instance="a/b/c")._instance == "a/b/c"


def test_error_gives_the_reason_if_every_project_is_broken(standin):
    standin.faults["/runtime/backends"] = (403, {"errors": [{"code": 1200, "message": "No."}]})

    with pytest.raises(RequestsApiError, match="No"):
        standin.log_in()


def test_rejected_credentials_are_always_an_error(standin):
    standin.projects = {"a/b/c": ["one"], "d/e/f": ["two"]}
    standin.faults["provider=d"] = (401, {"errors": [{"code": 1201, "message": "Who?"}]})

    with pytest.raises(IBMNotAuthorizedError, match="Who"):
        standin.log_in()


def test_account_without_projects_is_an_error(standin):
    standin.projects = {}

    with pytest.raises(IBMAccountError, match="No hub/group/project"):
        standin.log_in()


@pytest.mark.parametrize("answer", [{}, [], 7, '"text"', b"<html>", {"api-app": "1"}], ids=label)
def test_names_url_that_is_not_an_auth_service(standin, answer):
    standin.faults["/version"] = (200, answer)

    with pytest.raises(IBMInputValueError, match="not an IBM Quantum authentication URL") as caught:
        standin.log_in()

    assert f"{standin.url}/api" in str(caught.value)
    assert "channel='local'" in caught.value.message


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("loginWithToken", (404, b"<html>")),
        ("loginWithToken", (200, b"<html>")),
        ("loginWithToken", (200, [])),
        ("/users/me", (404, b"")),
        ("/users/me", (200, [])),
        ("/users/me", (200, {})),
        ("/Network", (404, b"")),
    ],
    ids=label,
)
def test_names_url_that_is_not_an_auth_service_whatever_fails_first(standin, path, answer):
    standin.faults[path] = answer
    standin.faults["/version"] = (200, {"api-app": "1"})

    with pytest.raises(IBMInputValueError, match="not an IBM Quantum authentication URL"):
        standin.log_in()


@pytest.mark.parametrize("version", [(404, b""), (200, {"api-auth": "1"})], ids=label)
def test_login_error_is_shown_if_the_version_does_not_explain_it(standin, version):
    standin.faults["loginWithToken"] = (403, {"errors": [{"code": 1200, "message": "No."}]})
    standin.faults["/version"] = version

    with pytest.raises(RequestsApiError, match="No"):
        standin.log_in()


@pytest.mark.parametrize("user", [[], 7, '"text"'], ids=label)
def test_malformed_user_is_a_protocol_error(standin, user):
    standin.faults["/users/me"] = (200, user)

    with pytest.raises(ApiIBMProtocolError, match="instead of dict"):
        standin.log_in()


def test_wrong_token_is_an_authorization_error(standin):
    standin.faults["loginWithToken"] = (401, {"error": {"message": "Login failed.", "code": 3446}})

    with pytest.raises(IBMNotAuthorizedError, match="Login failed") as caught:
        standin.log_in()

    assert "API-TOKEN" not in repr(caught.value)


def test_account_without_runtime_access_is_an_authorization_error(standin):
    standin.faults["/users/me"] = (200, {"urls": {"http": standin.url, "services": {}}})

    with pytest.raises(IBMNotAuthorizedError, match=r"not authorized .* ibm_quantum"):
        standin.log_in()


def test_unreachable_url_is_an_api_error(standin):
    with pytest.raises(RequestsApiError):
        standin.log_in(proxies={"urls": {"http": "http://127.0.0.1:1"}})


def test_repeated_names_count_once(standin):
    standin.projects = {"h/g/p": ["one", "two", "one"]}

    assert list(standin.log_in()._backends) == ["one", "two"]
    assert list(standin.log_in("ibm_cloud")._backends) == ["one", "two"]


def test_project_needs_no_request_and_compares_by_name(standin):
    service = standin.log_in()
    standin.requests.clear()

    one = HubGroupProject(service._client_params, "a/b/c", service)

    assert repr(one) == "<HubGroupProject(hub='a', group='b', project='c')>"
    assert one == HubGroupProject(service._client_params, "a/b/c", service)
    assert one != service._hgps["h/g/p"]
    assert not one.has_backend(DEVICE)
    assert standin.requests == []
    with pytest.raises(IBMInputValueError, match="correct hub/group/project format"):
        HubGroupProject(service._client_params, "a/b", service)


def test_empty_backend_list_is_fetched_again_and_can_be_set(standin):
    standin.projects = {"h/g/p": ["one"], "h/g/empty": []}
    hgp = standin.log_in()._hgps["h/g/empty"]
    standin.projects["h/g/empty"] = ["new"]

    assert hgp.backends == ["new"]
    hgp.backends = ["other"]
    assert hgp.has_backend("other")


def test_startup_does_not_warn(standin):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        standin.log_in()
        standin.log_in("ibm_cloud")
