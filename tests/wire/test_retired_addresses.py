"""Errors of requests to retired IBM hosts explain what happened."""

from __future__ import annotations

import re
import socket
from typing import Any

import pytest
from tests.standin import CRN, StandIn

from qiskit_ibm_runtime import IBMError, IBMInputValueError, QiskitRuntimeService
from qiskit_ibm_runtime.api.client_parameters import ClientParameters
from qiskit_ibm_runtime.utils.retired import explain

WORKS = (
    r"Alternatives: channel='ibm_quantum_platform' runs V1 programs .* with an API key .* "
    r"channel='local' runs jobs on this machine .* `url` connects to any server"
)
QUANTUM = rf"retired the channel 'ibm_quantum' in July 2025\. {WORKS}"
CLOUD = (
    rf"moved the channel 'ibm_cloud' .* stopped accepting V1 jobs there in August 2024\. {WORKS}"
)


@pytest.fixture
def no_such_host(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make name resolution fail; returns the names requested."""
    asked: list[str] = []

    def fail(host: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    return asked


@pytest.mark.parametrize(
    ("account", "host", "text"),
    [
        ({"channel": "ibm_quantum"}, "auth.quantum-computing.ibm.com", QUANTUM),
        (
            {"channel": "ibm_quantum", "url": "https://auth.quantum.ibm.com/api"},
            "auth.quantum.ibm.com",
            QUANTUM,
        ),
        (
            {"channel": "ibm_cloud", "instance": CRN},
            "us-east.quantum-computing.cloud.ibm.com",
            CLOUD,
        ),
    ],
    ids=["quantum", "later quantum", "cloud"],
)
def test_connection_error_explains_a_retired_host(
    account: dict[str, Any], host: str, text: str, no_such_host: list[str]
) -> None:
    with pytest.raises(IBMError) as caught:
        QiskitRuntimeService(token="t", **account)

    assert re.search(text, caught.value.message)
    assert set(no_such_host) == {host}
    assert "Check the network" not in caught.value.message


def test_connection_error_of_other_hosts_has_no_explanation(no_such_host: list[str]) -> None:
    url = "https://quantum-computing.ibm.com.example/api"
    with pytest.raises(IBMError, match="Check the network") as caught:
        QiskitRuntimeService(channel="ibm_quantum", token="t", url=url)

    assert "Alternatives" not in caught.value.message


@pytest.mark.parametrize(
    ("host", "status", "explained"),
    [
        ("auth.quantum-computing.ibm.com", 410, True),
        ("auth.quantum-computing.ibm.com", 404, True),
        ("auth.quantum-computing.ibm.com", 503, True),
        ("auth.quantum-computing.ibm.com", 401, False),
        ("auth.quantum-computing.ibm.com", 403, False),
        ("auth.example", 410, False),
    ],
)
def test_gone_response_is_explained(
    standin: StandIn, host: str, status: int, explained: bool
) -> None:
    standin.faults["loginWithToken"] = (status, {"errors": [{"code": 1, "message": "no"}]})
    with pytest.raises(IBMError) as caught:
        QiskitRuntimeService(
            channel="ibm_quantum",
            token="t",
            url=f"http://{host}/api",
            proxies={"urls": {"http": standin.url}},
        )

    assert ("July 2025" in caught.value.message) is explained


def test_creating_objects_for_default_urls_does_not_warn(recwarn: Any) -> None:
    """Doubles of the service are created like this."""
    params = ClientParameters("ibm_cloud", "t", "https://cloud.ibm.com", CRN)

    assert params.get_runtime_api_base_url() == "https://us-east.quantum-computing.cloud.ibm.com"
    assert not recwarn.list


def test_other_urls_get_no_misleading_advice(standin: StandIn) -> None:
    standin.faults["loginWithToken"] = (404, "no such path")
    standin.faults["/api/version"] = (200, {"something": "else"})
    with pytest.raises(IBMInputValueError, match="your own service, or use channel='local'"):
        standin.service()


@pytest.mark.parametrize(
    ("url", "status", "explained"),
    [
        ("https://quantum.cloud.ibm.com/api/v1/jobs", 400, False),
        ("https://eu-de.quantum.cloud.ibm.com/api/v1/jobs", 503, False),
        ("https://eu-de.quantum-computing.cloud.ibm.com/jobs", 410, True),
        ("https://eu-de.quantum-computing.cloud.ibm.com/jobs", 400, False),
        ("https://iam.cloud.ibm.com/identity/token", None, False),
        ("https://myquantum.ibm.com/", None, False),
        ("http://[broken", None, False),
        ("", None, False),
    ],
)
def test_only_url_related_errors_are_explained(
    url: str, status: int | None, explained: bool
) -> None:
    assert bool(explain(url, status)) is explained


def test_instance_names_are_looked_up_in_the_cloud_for_the_platform() -> None:
    from qiskit_ibm_runtime.utils.utils import get_iam_api_url, get_resource_controller_api_url

    for url in ("https://quantum.cloud.ibm.com/api/v1", "https://cloud.ibm.com"):
        assert get_iam_api_url(url) == "https://iam.cloud.ibm.com"
        assert get_resource_controller_api_url(url) == "https://resource-controller.cloud.ibm.com"
