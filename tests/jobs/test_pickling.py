"""Copying and pickling jobs: no token is included, and the service is found again."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from qiskit.providers import JobStatus
from tests.jobs.scripted_service import ScriptedService

from qiskit_ibm_runtime import IBMRuntimeError, RuntimeJob


def ended(service: ScriptedService, result: str) -> RuntimeJob:
    """A job that has ended."""
    service.results["j1"] = result
    job = service.job()
    service.end()
    return job


SERVICES: dict[str, Any] = {}


def service_here() -> Any:
    return SERVICES["here"]


class PortableService:
    """A service that is pickled by reference."""

    def __init__(self, service: ScriptedService) -> None:
        job = service.job("made-to-get-a-client")
        self._api_client, self._client_params = job._api_client, job._client_params

    def __reduce__(self) -> Any:
        return service_here, ()


@pytest.fixture
def portable(service: ScriptedService) -> Iterator[RuntimeJob]:
    SERVICES["here"] = PortableService(service)
    yield service.job(service=SERVICES["here"], params={"a": [1]}, tags=["t"])
    SERVICES.clear()


def test_pickled_job_has_no_token_and_finds_its_service(
    service: ScriptedService, portable: RuntimeJob
) -> None:
    service.results["j1"] = "5"
    pickled = pickle.dumps(portable)
    assert b"access-token" not in pickled
    service.end()

    twin = pickle.loads(pickle.dumps(pickle.loads(pickled)))

    assert (twin.job_id(), twin.program_id, twin.tags, twin.inputs) == (
        "j1",
        "custom",
        ["t"],
        {"a": [1]},
    )
    assert twin.result() == 5
    assert twin.status() is JobStatus.DONE


def test_pickled_job_opens_the_stream_of_its_own_client(
    portable: RuntimeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = object()
    client = type(portable._api_client)
    monkeypatch.setattr(client, "new_stream", lambda *_: stream, raising=False)

    assert pickle.loads(pickle.dumps(portable))._ws_client is stream


def test_job_pickled_without_service_keeps_its_result_and_says_what_to_do(
    service: ScriptedService,
) -> None:
    job = ended(service, "[1, 2]")
    job.result()
    fresh = pickle.loads(pickle.dumps(service.job("j2")))
    twin = pickle.loads(pickle.dumps(job))
    count = len(service.requests)

    assert twin.result() == [1, 2]
    assert twin.status() is JobStatus.DONE
    assert len(service.requests) == count
    with pytest.raises(IBMRuntimeError, match=r"service.job\('j2'\)"):
        fresh.status()


def test_missing_attribute_is_named_even_if_a_property_uses_it(service: ScriptedService) -> None:
    job = service.job()
    job._api_client = object()  # type: ignore[assignment]  # a double of the user

    with pytest.raises(AttributeError, match="no attribute 'job_get'"):
        job.inputs  # noqa: B018
    with pytest.raises(AttributeError, match="'RuntimeJob' object has no attribute 'nothing'"):
        job.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_result_pickles_to_another_process_without_a_token(
    service: ScriptedService, tmp_path: Any
) -> None:
    job = ended(service, "[1, 2]")
    job.result()
    path = tmp_path / "job.pickle"
    path.write_bytes(pickle.dumps(job))

    told = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import pickle; print(pickle.load(open({str(path)!r}, 'rb')).result())",
        ],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )

    assert told.stdout.strip() == "[1, 2]"


@pytest.mark.parametrize("copy_of", [copy.copy, copy.deepcopy])
def test_copy_is_independent_but_uses_the_same_service(
    service: ScriptedService, copy_of: Any
) -> None:
    service.results["j1"] = "5"
    job = service.job(params={"a": [1]})
    twin = copy_of(job)
    service.end()

    assert twin.result() == 5
    assert twin._api_client is job._api_client
    assert job._status is JobStatus.INITIALIZING
    assert (twin.inputs["a"] is job.inputs["a"]) is (copy_of is copy.copy)
    assert copy_of(twin).result() == 5
