"""Accounts, instances and backends on the embedded runtime, on both channels."""

from __future__ import annotations

import pytest

from qiskit_ibm_runtime import IBMInputValueError, IBMNotAuthorizedError, QiskitRuntimeService
from qiskit_ibm_runtime.accounts import CloudResourceNameResolutionError
from qiskit_ibm_runtime.local.settings import CloudService, Hub, Settings, User
from qiskit_ibm_runtime.testing.servers import BackgroundServer, LoopThread

TOKEN = "token-of-the-embedded-runtime"
SIMULATOR = "ibmq_qasm_simulator"
CRN = "crn:v1:bluemix:public:quantum-computing:local:a/embedded:{}::"


class NoJobs:
    """These tests run none, so no worker must be started."""

    async def start(self) -> None:
        """Nothing is needed."""

    async def stop(self) -> None:
        """Nothing was started."""


@pytest.fixture(scope="module")
def server():
    settings = Settings(
        users=(User("alice", TOKEN),),
        hubs=(
            Hub("ibm-q/open/main", (SIMULATOR,)),
            Hub("premium/group/one", (SIMULATOR, "fake_manila")),
            Hub("premium/group/two", ("fake_lima", "fake_manila")),
        ),
        services=tuple(
            CloudService(name, CRN.format(number), ("fake_lima",))
            for number, name in enumerate(["mine", "twin", "twin"])
        ),
    )
    thread = LoopThread()
    running = BackgroundServer(thread, settings, NoJobs())  # type: ignore[arg-type]
    yield running
    running.stop()
    thread.close()


@pytest.fixture
def quantum(server):
    return QiskitRuntimeService("ibm_quantum", token=TOKEN, url=f"{server.url}/api")


def cloud(server, instance, token=TOKEN):
    return QiskitRuntimeService("ibm_cloud", token=token, url=server.url, instance=instance)


def test_finds_every_project_with_its_backends_and_the_open_one_last(quantum):
    assert list(quantum._hgps) == ["premium/group/one", "premium/group/two", "ibm-q/open/main"]
    assert {b.name: b._instance for b in quantum.backends()} == {
        SIMULATOR: "premium/group/one",
        "fake_manila": "premium/group/one",
        "fake_lima": "premium/group/two",
    }
    assert [b.name for b in quantum.backends(instance="ibm-q/open/main")] == [SIMULATOR]
    assert quantum.backend(SIMULATOR, instance="ibm-q/open/main")._instance == "ibm-q/open/main"


def test_selects_backends_by_their_attributes(quantum):
    assert [b.name for b in quantum.backends(simulator=True)] == [SIMULATOR]
    assert [b.name for b in quantum.backends(n_qubits=5, operational=True)] == [
        "fake_manila",
        "fake_lima",
    ]
    assert quantum.least_busy(simulator=False, instance="premium/group/two").name == "fake_lima"


def test_project_of_the_account_comes_first(server):
    service = QiskitRuntimeService(
        "ibm_quantum", token=TOKEN, url=f"{server.url}/api", instance="ibm-q/open/main"
    )

    assert service.backend(SIMULATOR)._instance == "ibm-q/open/main"


@pytest.mark.parametrize("instance", ["mine", CRN.format(0)], ids=["name", "CRN"])
def test_accepts_cloud_instance_by_name_or_crn(server, instance):
    service = cloud(server, instance)

    assert service.active_account()["instance"] == CRN.format(0)
    assert [b.name for b in service.backends(operational=True)] == ["fake_lima"]
    assert service.least_busy().name == "fake_lima"
    with pytest.raises(IBMInputValueError, match="'instance' keyword"):
        service.backends(instance="premium/group/one")


def test_ambiguous_or_unknown_instance_name_lists_the_choices(server):
    with pytest.raises(CloudResourceNameResolutionError, match=f"{CRN.format(1)}, {CRN.format(2)}"):
        cloud(server, "twin")
    with pytest.raises(CloudResourceNameResolutionError, match="'mine', 'twin'"):
        cloud(server, "typo")


def test_rejects_wrong_key_or_token(server):
    for call in (
        lambda: cloud(server, "mine", "wrong-key"),
        lambda: cloud(server, CRN.format(0), "wrong-key"),
        lambda: QiskitRuntimeService("ibm_quantum", token="wrong", url=f"{server.url}/api"),
    ):
        with pytest.raises(IBMNotAuthorizedError):
            call()
