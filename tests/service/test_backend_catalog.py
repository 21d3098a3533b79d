"""Finding backends: what is fetched, how often, and the effect of broken ones."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from qiskit.providers.exceptions import QiskitBackendNotFoundError
from tests.ids import label

from qiskit_ibm_runtime import (
    IBMBackendApiProtocolError,
    IBMInputValueError,
    IBMNotAuthorizedError,
)
from qiskit_ibm_runtime.api.exceptions import RequestsApiError

NO = {"errors": [{"code": 1200, "message": "Not for you."}]}


def names(backends) -> list[str]:
    return [backend.name for backend in backends]


@pytest.fixture(params=["quantum", "cloud"])
def service(request, standin):
    """A service with twenty backends on each channel; startup requests are not recorded."""
    standin.fill(projects=1, devices=20)
    found = standin.log_in() if request.param == "quantum" else standin.log_in("ibm_cloud")
    standin.requests.clear()
    return found


def is_about(kind):
    return lambda asked: asked.path.endswith(kind)


def test_backend_costs_one_request_then_none(service, standin):
    backend = service.backend("device_07")

    assert standin.paths()[0].endswith("/backends/device_07/configuration")
    assert service.backend("device_07") is backend
    assert service.get_backend("device_07") is backend
    assert service.backends("device_07") == [backend]
    assert len(standin.requests) == 1


def test_all_configurations_are_fetched_concurrently_once(service, standin):
    standin.meet(20, is_about("/configuration"))

    found = service.backends()

    assert names(found) == [f"device_{number:02}" for number in range(20)]
    assert standin.dependent() == 1
    assert all(a is b for a, b in zip(found, service.backends()))
    assert len(standin.requests) == 20


def test_sixteen_threads_share_one_backend_request(service, standin):
    ready = threading.Barrier(16)

    def look(_):
        ready.wait(20)
        return service.backend("device_03")

    with ThreadPoolExecutor(16) as pool:
        found = set(map(id, pool.map(look, range(16))))

    assert len(found) == 1
    assert len(standin.requests) == 1


def test_eight_listing_threads_make_one_request_per_backend(service, standin):
    ready = threading.Barrier(8)

    def look(number):
        ready.wait(20)
        return service.backends() if number % 2 else [service.least_busy()]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(look, range(8)))

    assert len(standin.paths("/configuration")) == 20
    assert len({id(backend) for backends in found for backend in backends}) == 20


def test_threads_waiting_for_a_configuration_share_its_error(service, standin):
    standin.faults["device_03"] = (403, NO)

    with ThreadPoolExecutor(4) as pool:
        looks = [pool.submit(service.backend, "device_03") for _ in range(4)]

    assert {type(look.exception()) for look in looks} == {RequestsApiError}
    standin.faults.clear()
    assert service.backend("device_03").name == "device_03"


def test_least_busy_fetches_each_status_once_concurrently(service, standin):
    service.backends()
    standin.requests.clear()
    standin.meet(20, is_about("/status"))
    standin.states.update(
        device_00={"length_queue": 0, "status": "internal"},
        device_01={"length_queue": 0, "state": False},
        device_02={"length_queue": 1},
        device_03={"length_queue": 1},
    )

    assert service.least_busy().name == "device_02"
    assert standin.dependent() == 1
    assert len(standin.requests) == 20


def test_least_busy_reuses_status_fetched_by_a_filter(service, standin):
    standin.states.update(device_04={"length_queue": 0}, device_05={"state": False})

    assert service.least_busy(operational=True).name == "device_04"
    assert len(standin.paths("/status")) == 20


def test_configuration_filters_cost_no_request(service, standin, device):
    standin.devices["device_01"] = {**device("device_01", 27), "simulator": True}
    service.backends()
    standin.requests.clear()

    assert names(service.backends(simulator=True)) == ["device_01"]
    assert names(service.backends(n_qubits=27, local=False)) == ["device_01"]
    assert names(service.backends(num_qubits=27)) == ["device_01"]
    assert names(service.backends(min_num_qubits=6)) == ["device_01"]
    assert names(service.backends(filters=lambda b: b.configuration().n_qubits == 27)) == [
        "device_01"
    ]
    assert len(service.backends(simulator=False)) == 19
    assert standin.requests == []


def test_status_filters_are_applied_last(service, standin, device):
    standin.devices["device_01"] = device("device_01", 27)
    standin.devices["device_02"] = device("device_02", 27)
    standin.states["device_02"] = {"state": False}

    assert names(service.backends(operational=True, n_qubits=27)) == ["device_01"]
    assert len(standin.paths("/status")) == 2
    assert names(service.backends(pending_jobs=3, status_msg="active", n_qubits=27)) == [
        "device_01",
        "device_02",
    ]


def test_field_missing_in_one_configuration_is_found_in_others(service, standin, device):
    standin.devices["device_01"] = {**device("device_01"), "processor_type": "Falcon"}

    assert names(service.backends(processor_type="Falcon")) == ["device_01"]
    assert len(service.backends(processor_type=None)) == 19
    assert standin.paths("/status") == []


@pytest.mark.parametrize("field", ["typo", "_data", "from_dict"])
def test_unknown_field_matches_nothing_and_warns_without_a_request(service, standin, field):
    service.backends()
    standin.requests.clear()

    with pytest.warns(UserWarning, match=f"No backend has the field '{field}'") as caught:
        assert service.backends(**{field: 5}) == []

    assert caught[0].filename == __file__
    assert standin.requests == []


@pytest.mark.parametrize(
    "answer",
    [(404, NO), (500, "down"), (200, '"text"'), (200, {}), (200, b"<html>"), (200, None)],
    ids=label,
)
def test_broken_backend_is_skipped_with_one_warning(service, standin, answer):
    standin.faults["device_05"] = answer

    with pytest.warns(UserWarning, match="device_05") as caught:
        found = service.backends()

    assert "device_05" not in names(found)
    assert len(found) == 19
    assert [warning.filename for warning in caught] == [__file__]
    standin.requests.clear()
    assert len(service.backends()) == 19  # without a second warning
    assert standin.requests == []


@pytest.mark.parametrize("answer", [(404, NO), (200, {}), (200, b"<html>")], ids=label)
def test_broken_backend_requested_by_name_is_not_found(service, standin, answer):
    standin.faults["device_05"] = answer

    with pytest.raises(QiskitBackendNotFoundError, match=r"No backend matches.*device_05"):
        service.backend("device_05")

    standin.faults.clear()
    assert service.backend("device_05").name == "device_05"
    assert len(service.backends()) == 20


def test_service_outage_is_not_reported_as_missing_backend(service, standin):
    standin.faults["device_05"] = (503, "down")

    with pytest.raises(RequestsApiError) as caught:
        service.backend("device_05")

    assert caught.value.status_code == 503


def test_error_gives_the_reason_if_every_backend_is_broken(service, standin):
    standin.faults["/configuration"] = (403, NO)

    for _ in range(2):
        with pytest.raises(RequestsApiError, match="Not for you"):
            service.backends()


def test_rejected_credentials_raise_instead_of_skipping(service, standin):
    standin.faults["device_05/configuration"] = (401, NO)

    with pytest.raises(IBMNotAuthorizedError):
        service.backends()


def test_least_busy_skips_backend_without_status(service, standin):
    standin.states["device_06"] = {"length_queue": 1}
    standin.faults["device_05/status"] = (404, NO)

    with pytest.warns(UserWarning, match=r"device_05: .*Not for you"):
        assert service.least_busy().name == "device_06"


@pytest.mark.parametrize(
    ("search", "text"),
    [
        ({"min_num_qubits": "5"}, "'min_num_qubits' must be a number.*not '5'"),
        ({"filters": "simulator"}, "'filters' must be a function.*not 'simulator'"),
    ],
)
def test_rejects_invalid_search_before_any_request(service, standin, search, text):
    for find in (service.backends, service.least_busy):
        with pytest.raises(IBMInputValueError, match=text):
            find(**search)

    assert not standin.requests


def test_malformed_configuration_error_names_the_backend(service, standin):
    standin.faults["/configuration"] = (200, {"backend_name": "device"})

    with pytest.raises(
        IBMBackendApiProtocolError, match=r"malformed configuration of backend 'device_\d\d'"
    ):
        service.backends()


def test_least_busy_raises_if_none_is_operational(service, standin):
    standin.states.update({f"device_{number:02}": {"state": False} for number in range(20)})

    with pytest.raises(QiskitBackendNotFoundError, match=r"No backend matches the criteria.*20"):
        service.least_busy()
    with pytest.raises(QiskitBackendNotFoundError, match="No backend matches the criteria"):
        service.least_busy(min_num_qubits=500)


@pytest.mark.parametrize("name", ["device_99", 5, ["device_01"], None.__class__])
def test_unknown_backend_error_lists_existing_ones(service, standin, name):
    with pytest.raises(QiskitBackendNotFoundError, match=r"No backend matches.*device_0") as caught:
        service.backend(name)

    assert str(name) in caught.value.message
    assert standin.requests == []


@pytest.mark.parametrize("name", [None, ""])
def test_without_a_name_returns_the_first_usable_backend(service, standin, name):
    assert service.backend(name).name == "device_00"
    assert len(standin.requests) == 1


def test_skips_unusable_backend_without_a_name(service, standin):
    standin.faults["device_00"] = (404, NO)

    with pytest.warns(UserWarning, match="device_00"):
        assert service.backend().name == "device_01"


def test_get_backend_rejects_unknown_keywords(service):
    with pytest.raises(TypeError):
        service.get_backend("device_00", typo=1)


def test_cloud_returns_empty_list_for_unknown_name_and_rejects_instance(standin):
    service = standin.log_in("ibm_cloud")
    standin.requests.clear()

    assert service.backends("typo") == []
    for call in (service.backends, service.backend, service.least_busy):
        with pytest.raises(IBMInputValueError, match="'instance' keyword is only supported"):
            call(instance="h/g/p")
    assert standin.requests == []


@pytest.fixture
def two_projects(standin):
    standin.projects = {"a/b/c": ["one", "both"], "d/e/f": ["both", "two"]}
    standin.default = "a/b/c"
    service = standin.log_in()
    standin.requests.clear()
    return service


def test_backend_is_cached_per_project(two_projects, standin):
    first, second = two_projects.backend("both"), two_projects.backend("both", instance="d/e/f")

    assert (first._instance, second._instance) == ("a/b/c", "d/e/f")
    assert two_projects.backend("both") is first
    assert two_projects.backend("both", instance="a/b/c") is first
    assert two_projects.backend("both", instance="d/e/f") is second
    assert [b._instance for b in two_projects.backends(instance="d/e/f")] == ["d/e/f"] * 2
    assert {b.name: b._instance for b in two_projects.backends()} == {
        "one": "a/b/c",
        "both": "a/b/c",
        "two": "d/e/f",
    }
    assert len(standin.paths("/both/configuration")) == 1


def test_error_names_the_project_that_has_the_backend(two_projects, standin):
    with pytest.raises(
        QiskitBackendNotFoundError, match=r"is not in a/b/c: try a different instance.*d/e/f"
    ):
        two_projects.backend("two", instance="a/b/c")
    assert standin.requests == []


def test_rejects_unknown_names_before_sending(two_projects, standin):
    calls = [
        (lambda: two_projects.backends("typo"), QiskitBackendNotFoundError, "No backend matches"),
        (lambda: two_projects.backend("typo"), QiskitBackendNotFoundError, "No backend matches"),
        (lambda: two_projects.backends(instance="x/y/z"), IBMInputValueError, "could not be found"),
        (lambda: two_projects.backends(instance="x"), IBMInputValueError, "hub/group/project form"),
        (lambda: two_projects.backend("one", "//"), IBMInputValueError, "hub/group/project form"),
        (lambda: two_projects.least_busy(instance="x/y/z"), IBMInputValueError, "a/b/c, d/e/f"),
    ]

    for call, error, text in calls:
        with pytest.raises(error, match=text):
            call()
    assert standin.requests == []


def test_finds_the_project_of_a_backend(two_projects):
    assert two_projects._get_hgp().name == "a/b/c"
    assert two_projects._get_hgp("d/e/f").name == "d/e/f"
    assert two_projects._get_hgp(backend_name="two").name == "d/e/f"
    with pytest.raises(QiskitBackendNotFoundError, match=r"project a/b/c.*It has one, both"):
        two_projects._get_hgp("a/b/c", "two")
    with pytest.raises(QiskitBackendNotFoundError, match=r"in any hub/group/.*are one, both, two"):
        two_projects._get_hgp(backend_name="typo")
    with pytest.raises(QiskitBackendNotFoundError, match=r"7 \(a int\)"):
        two_projects._get_hgp(backend_name=7)
