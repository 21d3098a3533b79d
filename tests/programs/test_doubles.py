"""Client doubles written for 0.9.3 accept only the keywords of that release."""

from __future__ import annotations

from typing import Any

import pytest
from tests.standin import DEVICE

from qiskit_ibm_runtime import RuntimeProgramNotFound
from qiskit_ibm_runtime.api.exceptions import RequestsApiError

SOURCE = "def main() {}"


class ClientDouble:
    """Keeps programs and jobs in two dicts."""

    def __init__(self) -> None:
        self._programs: dict[str, dict[str, Any]] = {}
        self._jobs: dict[str, dict[str, Any]] = {}

    def list_programs(self, limit, skip):
        programs = list(self._programs.values())
        return {"programs": programs[skip : skip + limit], "count": len(programs)}

    def program_create(
        self, program_data, name, description, max_execution_time, spec=None, is_public=False
    ):
        program_id = f"program-{len(self._programs)}"
        self._programs[program_id] = {
            "id": program_id,
            "name": name,
            "data": program_data,
            "description": description,
            "cost": max_execution_time,
            "spec": spec,
            "is_public": is_public,
        }
        return {"id": program_id}

    def program_update(
        self,
        program_id,
        program_data=None,
        name=None,
        description=None,
        max_execution_time=None,
        spec=None,
    ):
        program = self.program_get(program_id)
        given = {"data": program_data, "name": name, "description": description, "spec": spec}
        program.update({key: value for key, value in given.items() if value})
        program["cost"] = max_execution_time or program["cost"]

    def program_get(self, program_id):
        if program_id not in self._programs:
            raise RequestsApiError("Program not found", status_code=404)
        return self._programs[program_id]

    def program_delete(self, program_id):
        self.program_get(program_id)
        del self._programs[program_id]

    def set_program_visibility(self, program_id, public):
        self.program_get(program_id)["is_public"] = public

    def program_run(
        self,
        program_id,
        backend_name,
        params,
        image,
        hgp,
        log_level,
        session_id=None,
        job_tags=None,
        max_execution_time=None,
        start_session=None,
        session_time=None,
    ):
        self.program_get(program_id)
        hub, group, project = hgp.split("/")
        job_id = f"job-{len(self._jobs)}"
        self._jobs[job_id] = {
            "id": job_id,
            "hub": hub,
            "group": group,
            "project": project,
            "backend": backend_name,
            "state": {"status": "QUEUED"},
            "params": [params],
            "program": {"id": program_id},
            "image": image,
            "log_level": log_level,
        }
        return {"id": job_id, "backend": backend_name}

    def job_get(self, job_id):
        if job_id not in self._jobs:
            raise RequestsApiError("Job not found", status_code=404)
        return self._jobs[job_id]

    def jobs_get(
        self,
        limit=None,
        skip=None,
        backend_name=None,
        pending=None,
        program_id=None,
        hub=None,
        group=None,
        project=None,
        job_tags=None,
        session_id=None,
        created_after=None,
        created_before=None,
        descending=True,
    ):
        jobs = list(self._jobs.values())[::-1]
        return {"jobs": jobs[skip : skip + limit], "count": len(jobs)}

    def job_delete(self, job_id):
        self.job_get(job_id)
        del self._jobs[job_id]

    def backend_configuration(self, backend_name):
        from tests.standin import configuration

        return configuration()


@pytest.fixture
def service(standin):
    service = standin.service()
    service._api_client = ClientDouble()
    return service


def test_double_supports_all_program_operations(service):
    ids = [
        service.upload_program(SOURCE, {"name": f"n{number}", "max_execution_time": 9})
        for number in range(3)
    ]

    assert [program.program_id for program in service.programs(limit=2)] == ids[:2]
    assert [program.program_id for program in service.programs(limit=1, skip=2)] == ids[2:]
    service.update_program(ids[0], name="renamed", spec={"parameters": {"properties": {"a": {}}}})
    service.set_program_visibility(ids[0], True)
    program = service.program(ids[0])
    assert (program.name, program.is_public, vars(program.parameters())) == (
        "renamed",
        True,
        {"a": None},
    )
    service.delete_program(ids[0])
    with pytest.raises(RuntimeProgramNotFound):
        service.delete_program(ids[0])


def test_double_supports_all_job_operations(service):
    program_id = service.upload_program(SOURCE, {"name": "n", "max_execution_time": 9})

    job = service.run(program_id, {"a": 1}, {"backend": DEVICE, "image": "a:b"})

    assert (job.inputs, job.image, job.backend().name) == ({"a": 1}, "a:b", DEVICE)
    assert job.backend()._instance == "h/g/p"
    (listed,) = service.jobs(limit=None)
    assert listed.inputs == service.job(job.job_id()).inputs == {"a": 1}
    service.delete_job(job.job_id())
    assert service.jobs() == []
