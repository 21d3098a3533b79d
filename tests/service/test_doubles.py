"""Test doubles written for 0.9.3 still work."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from unittest.mock import MagicMock, patch

import pytest
from qiskit.providers.exceptions import QiskitBackendNotFoundError
from qiskit.providers.fake_provider import FakeLima

from qiskit_ibm_runtime import IBMInputValueError, QiskitRuntimeService, RuntimeJob, Session
from qiskit_ibm_runtime import qiskit_runtime_service as front
from qiskit_ibm_runtime.accounts import InvalidAccountError
from qiskit_ibm_runtime.api.clients import AuthClient, RuntimeClient
from qiskit_ibm_runtime.hub_group_project import HubGroupProject

HGPS = ["hub0/group0/project0", "hub1/group1/project1"]


class FakeClient:
    """Accepts only the calls and keywords that the service may use."""

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
    """Built like 0.9.3 doubles: the client is replaced during startup."""

    def __init__(self, *args, device, **kwargs) -> None:
        self._fake_client = FakeClient(device)
        with patch.object(front, "RuntimeClient", new=MagicMock()):
            super().__init__(*args, **kwargs)

    def _authenticate_ibm_quantum_account(self, client_params):
        return FakeAuthClient()

    def _resolve_crn(self, account):
        """Make no request."""

    def _initialize_hgps(self, auth_client):
        self._api_client = self._fake_client
        hgps = OrderedDict()
        for name in HGPS:
            hgps[name] = HubGroupProject(self._client_params, name, self)
            hgps[name]._runtime_client = self._fake_client  # type: ignore[assignment]
        return hgps

    def _discover_cloud_backends(self):
        self._api_client = self._fake_client
        return super()._discover_cloud_backends()


@pytest.fixture
def quantum(device):
    return FakeService("ibm_quantum", token="t", instance="h/g/p", url="some_url", device=device)


def test_quantum_channel_double_starts_and_finds_backends(quantum):
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


def test_double_rejects_what_the_service_rejects(quantum):
    with pytest.raises(QiskitBackendNotFoundError, match="No backend matches"):
        quantum.backend("phantom")
    with pytest.raises(QiskitBackendNotFoundError, match=r"is not in.*try a different"):
        quantum.backend("unique_1", instance=HGPS[0])
    with pytest.raises(IBMInputValueError, match="hub/group/project format"):
        quantum._get_hgp(instance="hub1/group1")
    with pytest.raises(IBMInputValueError, match="could not be found for this account"):
        quantum._get_hgp(instance="no/such/project")


def test_cloud_double_starts_and_finds_backends(device):
    service = FakeService("ibm_cloud", token="t", instance="crn:v1:a:b:c:d:e:f::", device=device)

    assert [b.name for b in service.backends()] == ["common"]
    assert service.backends()[0]._instance is None
    assert service.backend("").name == "common"
    assert service._fake_client.asked == ["list None", "common"]


def test_cloud_double_without_instance_is_rejected(device):
    with pytest.raises(InvalidAccountError, match="instance"):
        FakeService("ibm_cloud", token="t", url="u", device=device)


def test_client_replaced_later_is_used_for_later_requests(quantum, device):
    first = quantum.backend("common")
    quantum._api_client = FakeClient(device)

    assert quantum.backend("unique_0")._api_client is quantum._api_client
    assert quantum.backend("common") is first


def test_backends_provided_by_a_double_are_returned(device):
    given = MagicMock()

    class WithObjects(FakeService):
        def _discover_cloud_backends(self):
            super()._discover_cloud_backends()
            return {"common": given}

    service = WithObjects("ibm_cloud", token="t", instance="crn:v1:a:b:c:d:e:f::", device=device)

    assert service.backend("common") is given
    assert service.backends() == [given]


class NeverLoggedIn(AuthClient):
    """A subclass that does not call `super().__init__()`."""

    def __init__(self, *args, **kwargs) -> None:
        self.access_token = "ACCESS-TOKEN"
        self._service_urls = {"http": "", "services": {"runtime": "runtime_url"}}

    def user_hubs(self):
        return [{"hub": "h", "group": "g", "project": "p"}]


def test_auth_client_double_needs_no_constructor(device):
    class WithSubclass(FakeService):
        def _authenticate_ibm_quantum_account(self, client_params):
            return NeverLoggedIn()

    service = WithSubclass("ibm_quantum", token="t", url="some_url", device=device)

    assert service._client_params.token == "ACCESS-TOKEN"
    assert service._client_params.get_auth_handler().get_headers() == {
        "X-Access-Token": "ACCESS-TOKEN"
    }


def test_auth_client_double_provides_tokens(standin):
    class OwnTokens(AuthClient):
        def current_access_token(self):
            return "OWN-TOKEN"

    with patch.object(front, "AuthClient", OwnTokens):
        standin.log_in()

    listing = next(request for request in standin.requests if request.path == "/runtime/backends")
    assert listing.headers["X-Access-Token"] == "OWN-TOKEN"


def test_clients_patched_in_the_service_module_are_used(standin):
    version = MagicMock()
    version.return_value.version.return_value = {"new_api": True, "api-auth": "1"}
    client = MagicMock()
    client.return_value.list_backends.return_value = []
    with (
        patch.object(front, "AuthClient", NeverLoggedIn),
        patch.object(front, "VersionClient", version),
        patch.object(front, "RuntimeClient", client),
        patch("qiskit_ibm_runtime.hub_group_project.RuntimeClient", client),
    ):
        service = standin.log_in()

    assert list(service._hgps) == ["h/g/p"]
    assert service._api_client is client.return_value
    assert standin.requests == []


def test_accepts_configuration_from_qiskit_to_dict(quantum):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # terra 0.46 on its fake devices
        lima = FakeLima()
    client = quantum._fake_client
    client.backend_configuration = lambda backend_name: {
        **lima.configuration().to_dict(),
        "backend_name": backend_name,
    }
    client.backend_properties = MagicMock(return_value=lima.properties().to_dict())
    client.backend_pulse_defaults = MagicMock(return_value=lima.defaults().to_dict())

    backend = quantum.backend("common")

    assert backend.online_date == lima.configuration().online_date
    assert backend.configuration().u_channel_lo == lima.configuration().u_channel_lo
    assert backend.properties().t1(0) == lima.properties().t1(0)
    assert backend.target["cx"].keys() == {(0, 1), (1, 0), (1, 2), (2, 1), (1, 3)} | {
        (3, 1),
        (3, 4),
        (4, 3),
    }
    assert backend.target["x"][(0,)].calibration.duration == 160


def test_session_accepts_a_mock_service():
    service = MagicMock()

    session = Session(service=service)
    session.run("p", {})

    assert service.run.call_args.kwargs["options"]["backend"] is None


def mocked_client(record):
    client = MagicMock()
    client.job_get.return_value = record
    return client


def subclass_of_client(record):
    class Client(RuntimeClient):
        def __init__(self) -> None:
            """Make no connection."""

        def job_get(self, job_id):
            return record

    return Client()


def patched_client(record):
    client = RuntimeClient.__new__(RuntimeClient)
    client.job_get = MagicMock(return_value=record)  # type: ignore[method-assign]
    return client


@pytest.mark.parametrize("client", [mocked_client, subclass_of_client, patched_client])
def test_job_calls_client_double_as_in_0_9_3(client, quantum):
    record = {"id": "j", "state": {"status": "Running", "reason": "waiting"}, "tags": ["t"]}

    job = RuntimeJob(None, client(record), quantum._client_params, "j", "p", quantum)

    assert job.status().name == "RUNNING"
    assert job.tags == ["t"]
    assert job._reason == "WAITING"
