"""Test doubles that others have built on this class go on working: they replace its seams."""

from __future__ import annotations

from collections import OrderedDict
from unittest.mock import MagicMock, patch

import pytest
from qiskit.providers.exceptions import QiskitBackendNotFoundError

from qiskit_ibm_runtime import IBMInputValueError, QiskitRuntimeService
from qiskit_ibm_runtime import qiskit_runtime_service as front
from qiskit_ibm_runtime.accounts import InvalidAccountError
from qiskit_ibm_runtime.hub_group_project import HubGroupProject

HGPS = ["hub0/group0/project0", "hub1/group1/project1"]


class FakeClient:
    """Offers what the service may ask for, and not a keyword more."""

    def __init__(self, device) -> None:
        self.device = device
        self.asked: list[str] = []

    def list_backends(self, hgp=None):
        self.asked.append(f"list {hgp}")
        own = [f"unique_{HGPS.index(hgp)}"] if hgp else []
        return ["common", *own]

    def backend_configuration(self, backend_name):
        self.asked.append(backend_name)
        return self.device(backend_name)

    def backend_status(self, backend_name):
        return {
            "backend_name": backend_name,
            "backend_version": "1",
            "operational": True,
            "status_msg": "active",
            "pending_jobs": 0 if backend_name == "unique_1" else 1,
        }


class FakeAuthClient:
    def current_service_urls(self):
        return {"http": "127.0.0.1", "services": {"runtime": "runtime_url"}}

    def current_access_token(self):
        return "ACCESS-TOKEN"


class FakeService(QiskitRuntimeService):
    """Built as the doubles of 0.9.3 are: the client is swapped while the service starts."""

    def __init__(self, *args, device, **kwargs) -> None:
        self._fake_client = FakeClient(device)
        with patch.object(front, "RuntimeClient", new=MagicMock()):
            super().__init__(*args, **kwargs)

    def _authenticate_ibm_quantum_account(self, client_params):
        return FakeAuthClient()

    def _resolve_crn(self, account):
        """Ask nobody."""

    def _initialize_hgps(self, auth_client):
        self._api_client = self._fake_client
        hgps = OrderedDict()
        for name in HGPS:
            hgps[name] = HubGroupProject(self._client_params, name, self)
            hgps[name]._runtime_client = self._fake_client
        return hgps

    def _discover_cloud_backends(self):
        self._api_client = self._fake_client
        return super()._discover_cloud_backends()


@pytest.fixture
def quantum(device):
    return FakeService("ibm_quantum", token="t", instance="h/g/p", url="some_url", device=device)


def test_a_double_on_the_quantum_channel_starts_and_finds_its_backends(quantum):
    assert quantum._account.instance == "h/g/p"
    assert quantum._client_params.url == "runtime_url"
    assert quantum._client_params.token == "ACCESS-TOKEN"
    assert list(quantum._hgps) == HGPS
    assert [b.name for b in quantum.backends()] == ["common", "unique_0", "unique_1"]
    assert quantum.backend("common")._instance == HGPS[0]
    assert quantum.backend("common", instance=HGPS[1])._instance == HGPS[1]
    assert quantum.backend("common")._api_client is quantum._fake_client
    assert quantum.least_busy().name == "unique_1"
    assert sorted(quantum._fake_client.asked) == [
        "common",
        f"list {HGPS[0]}",
        f"list {HGPS[1]}",
        "unique_0",
        "unique_1",
    ]


def test_a_double_refuses_what_the_service_refuses(quantum):
    with pytest.raises(QiskitBackendNotFoundError, match="No backend matches"):
        quantum.backend("phantom")
    with pytest.raises(QiskitBackendNotFoundError, match=r"is not in.*try a different"):
        quantum.backend("unique_1", instance=HGPS[0])
    with pytest.raises(IBMInputValueError, match="hub/group/project format"):
        quantum._get_hgp(instance="hub1/group1")
    with pytest.raises(IBMInputValueError, match="could not be found for this account"):
        quantum._get_hgp(instance="no/such/project")


def test_a_double_on_the_cloud_starts_and_finds_its_backends(device):
    service = FakeService("ibm_cloud", token="t", instance="crn:v1:a:b:c:d:e:f::", device=device)

    assert [b.name for b in service.backends()] == ["common"]
    assert service.backends()[0]._instance is None
    assert service.backend("").name == "common"
    assert service._fake_client.asked == ["list None", "common"]


def test_a_double_without_an_instance_on_the_cloud_is_refused(device):
    with pytest.raises(InvalidAccountError, match="instance"):
        FakeService("ibm_cloud", token="t", url="u", device=device)


def test_a_client_that_is_replaced_later_is_used_for_what_is_still_to_be_fetched(quantum, device):
    first = quantum.backend("common")
    quantum._api_client = FakeClient(device)

    assert quantum.backend("unique_0")._api_client is quantum._api_client
    assert quantum.backend("common") is first


def test_objects_that_a_double_brings_along_are_handed_out(device):
    given = MagicMock()

    class WithObjects(FakeService):
        def _discover_cloud_backends(self):
            super()._discover_cloud_backends()
            return {"common": given}

    service = WithObjects("ibm_cloud", token="t", instance="crn:v1:a:b:c:d:e:f::", device=device)

    assert service.backend("common") is given
    assert service.backends() == [given]
