"""Resolving cloud instance names to CRNs, through a proxy that acts as the cloud."""

from __future__ import annotations

import logging

import pytest
from tests.ids import label

from qiskit_ibm_runtime import IBMInputValueError, IBMNotAuthorizedError, QiskitRuntimeService
from qiskit_ibm_runtime.accounts import CloudResourceNameResolutionError, InvalidAccountError
from qiskit_ibm_runtime.api.clients.cloud_directory import CloudDirectory
from qiskit_ibm_runtime.api.exceptions import ApiIBMProtocolError, RequestsApiError
from qiskit_ibm_runtime.utils import resolve_crn

CLOUD = "http://cloud.example"
OTHER_CRN = "crn:v1:bluemix:public:cloud-object-storage:global:a/0123456789:storage::"


@pytest.fixture
def proxies(standin):
    return {"urls": {"http": standin.url}}


@pytest.fixture
def start(proxies):
    def start_service(**arguments):
        given = {"channel": "ibm_cloud", "url": CLOUD, "token": "API-KEY", "proxies": proxies}
        return QiskitRuntimeService(**{**given, **arguments})

    return start_service


def entry(name, crn):
    return {"name": name, "crn": crn}


def test_resolves_name_through_the_proxy(standin, start, crn):
    standin.instances = [entry("mine", crn), entry("yours", crn.replace("abcdef", "fedcba"))]

    service = start(instance="mine")

    assert [request.url for request in standin.requests] == [
        "http://iam.cloud.example/identity/token",
        "http://resource-controller.cloud.example/v2/resource_instances?name=mine",
        "http://us-east.quantum-computing.cloud.example/backends",
    ]
    assert service.active_account()["instance"] == crn
    token, listing, backends = standin.requests
    assert b"apikey=API-KEY" in token.body
    assert b"grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey" in token.body
    assert token.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert listing.headers["Authorization"] == "Bearer IAM-TOKEN"
    assert backends.headers["Service-CRN"] == crn


def test_crn_is_used_without_a_request(standin, start, crn):
    start(instance=crn)

    assert [request.url for request in standin.requests] == [
        "http://us-east.quantum-computing.cloud.example/backends"
    ]


def test_ignores_other_products_and_malformed_entries(standin, start, crn):
    standin.instances = [entry("mine", OTHER_CRN), {"name": "mine"}, entry("mine", crn)]

    assert start(instance="mine").active_account()["instance"] == crn


def test_reads_all_pages(standin, start, crn):
    standin.instances = [entry("mine", OTHER_CRN)] * 5 + [entry("mine", crn)]
    standin.page_size = 2

    assert start(instance="mine").active_account()["instance"] == crn
    assert len(standin.paths("resource_instances")) == 3


def test_self_referencing_page_ends_the_listing(standin, start):
    standin.faults["resource_instances"] = (
        200,
        {"resources": [], "next_url": "/v2/resource_instances?name=mine&start=1"},
    )

    with pytest.raises(CloudResourceNameResolutionError):
        start(instance="mine")


def test_does_not_follow_next_page_to_another_host(standin, start):
    standin.faults["resource_instances?name=mine"] = (
        200,
        {"resources": [], "next_url": "http://evil.example/v2/resource_instances?start=1"},
    )

    with pytest.raises(CloudResourceNameResolutionError):
        start(instance="mine")

    assert not [request.url for request in standin.requests if "evil.example" in request.url]


def test_unknown_name_error_lists_names(standin, start, crn):
    standin.instances = [entry("mine", crn), entry("storage", OTHER_CRN)]

    with pytest.raises(
        CloudResourceNameResolutionError, match=r"Failed to resolve CRN.*typo.*It has: .*mine"
    ) as caught:
        start(instance="typo")

    assert "storage" not in str(caught.value)


def test_ambiguous_name_error_lists_crns(standin, start, crn):
    crns = [crn, crn.replace("us-east", "eu-de")]
    standin.instances = [entry("mine", one) for one in crns]

    with pytest.raises(CloudResourceNameResolutionError, match="several") as caught:
        start(instance="mine")

    assert all(one in str(caught.value) for one in crns)


def test_instance_listed_twice_is_not_ambiguous(standin, start, crn):
    standin.instances = [entry("mine", crn)] * 2

    assert start(instance="mine").active_account()["instance"] == crn


@pytest.mark.parametrize(
    "instance", ["crn:v1", "crn:v1:bluemix:public:quantum-computing::a/0:i::", "crn:" + ":" * 8]
)
def test_rejects_crn_without_region_if_the_url_depends_on_it(standin, start, instance):
    with pytest.raises(IBMInputValueError, match="not a complete CRN"):
        start(instance=instance)

    assert standin.requests == []
    assert standin.log_in("ibm_cloud", instance=instance).active_account()["instance"] == instance
    assert {request.headers["Service-CRN"] for request in standin.requests} == {instance}


@pytest.mark.parametrize("instance", ["", None])
def test_rejects_missing_instance_before_sending(standin, start, instance):
    with pytest.raises(InvalidAccountError, match="Invalid `instance` value") as caught:
        start(instance=instance)

    assert isinstance(caught.value, IBMInputValueError)
    assert standin.requests == []


@pytest.mark.parametrize("status", [400, 401, 403])
def test_rejected_key_is_an_authorization_error_that_hides_it(standin, start, status, caplog):
    caplog.set_level(logging.DEBUG, "qiskit_ibm_runtime")
    standin.faults["/identity/token"] = (
        status,
        {"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."},
    )

    with pytest.raises(
        IBMNotAuthorizedError, match=r"refused the API key.*could not be found"
    ) as e:
        start(instance="mine")

    assert e.value.failure.status == status
    assert "API-KEY" not in str(e.value) + caplog.text


def test_cloud_outage_is_an_api_error(standin, start):
    standin.faults["/identity/token"] = (503, "down")

    with pytest.raises(RequestsApiError) as caught:
        start(instance="mine")

    assert caught.value.status_code == 503


@pytest.mark.parametrize("answer", [{}, [], '"text"', b"<html>", {"access_token": 5}], ids=label)
def test_names_url_that_returns_no_token(standin, start, answer):
    standin.faults["/identity/token"] = (200, answer)

    with pytest.raises(ApiIBMProtocolError, match=r"iam\.cloud\.example"):
        start(instance="mine")


def test_redirect_does_not_forward_the_key(standin, start):
    standin.faults["iam.cloud.example"] = (307, "http://evil.example/identity/token")

    with pytest.raises(RequestsApiError, match="redirected"):
        start(instance="mine")

    assert len(standin.requests) == 1


@pytest.mark.parametrize("answer", [[], {"resources": {}}, b"<html>"], ids=label)
def test_malformed_listing_is_an_error(standin, start, answer):
    standin.faults["resource_instances"] = (200, answer)

    with pytest.raises(ApiIBMProtocolError, match="unknown format"):
        start(instance="mine")


def test_account_settings_control_certificate_checks(standin, proxies):
    directory = CloudDirectory("https://cloud.example", "t", verify="/no/such/authority.pem")

    with pytest.raises((RequestsApiError, OSError), match=r"authority\.pem"):
        directory.instances()


def test_netrc_does_not_replace_credentials(standin, start, crn, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    standin.instances = [entry("mine", crn)]

    start(instance="mine")

    sent = [request.headers.get("Authorization") for request in standin.requests]
    assert sent == [None, "Bearer IAM-TOKEN", "apikey API-KEY"]


def test_helper_returns_all_crns_of_a_name(standin, proxies, crn):
    from qiskit_ibm_runtime.proxies import ProxyConfiguration

    standin.instances = [entry("mine", crn), entry("mine", OTHER_CRN)]
    way = ProxyConfiguration(**proxies)

    assert resolve_crn("ibm_cloud", CLOUD, "mine", "API-KEY", proxies=way) == [crn]
    assert resolve_crn("ibm_cloud", CLOUD, "typo", "API-KEY", proxies=way) == []
    with pytest.raises(ValueError, match="ibm_cloud"):
        resolve_crn("ibm_quantum", CLOUD, "mine", "API-KEY")
