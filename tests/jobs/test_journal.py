"""The journal of submitted jobs."""

from __future__ import annotations

import json
import stat

import pytest

from qiskit_ibm_runtime import RuntimeJobNotFound
from qiskit_ibm_runtime._jobs import journal

OPTIONS = {"backend": "ibmq_qasm_simulator"}


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "home" / "jobs.jsonl"
    monkeypatch.setenv(journal.VARIABLE, str(path))
    return path


@pytest.fixture
def service(qiskit_runtime_shared_service):
    return qiskit_runtime_shared_service


def run(service):
    return service.run("hello-world", {"iterations": 1}, {**OPTIONS, "job_tags": ["my-tag"]})


def test_last_job_is_found_by_another_service_of_the_account(
    file, service, qiskit_runtime_shared_server
):
    first, second = run(service), run(service)

    again = qiskit_runtime_shared_server.service()

    assert again.job("last").job_id() == second.job_id()
    assert [entry["id"] for entry in journal.entries()] == [first.job_id(), second.job_id()]


def test_last_job_ignores_other_accounts(file, service):
    job = run(service)
    entry = journal.entries()[0]
    with file.open("a") as opened:
        opened.write(json.dumps({**entry, "id": "another", "account": "other"}) + "\n")
        opened.write("not JSON\n[]\n")

    assert service.job("last").job_id() == job.job_id()


def test_without_a_journal_the_latest_job_is_the_newest_listed(service, monkeypatch):
    monkeypatch.setenv(journal.VARIABLE, "off")

    job = run(service)

    assert service.job("last").job_id() == job.job_id()
    assert journal.entries() == []


def test_account_without_jobs_has_no_last_job(qiskit_runtime_service):
    with pytest.raises(RuntimeJobNotFound, match="has no jobs"):
        qiskit_runtime_service.job("last")


def test_journal_is_private_and_has_no_secret(file, service, qiskit_runtime_shared_server):
    run(service)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    text = file.read_text()
    assert qiskit_runtime_shared_server.token not in text
    assert qiskit_runtime_shared_server.url not in text
    assert "my-tag" not in text


def test_journal_size_is_bounded(file, service, monkeypatch):
    monkeypatch.setattr(journal, "_LONGEST", 1000)
    monkeypatch.setattr(journal, "_KEPT", 3)

    jobs = [run(service) for _ in range(8)]

    kept = [entry["id"] for entry in journal.entries()]
    assert kept == [job.job_id() for job in jobs][-len(kept) :]
    assert len(kept) < 8
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.glob(".*")) == []


def test_unwritable_journal_does_not_fail_a_submit(tmp_path, service, monkeypatch):
    in_the_way = tmp_path / "a-file"
    in_the_way.write_text("")
    monkeypatch.setenv(journal.VARIABLE, str(in_the_way / "jobs.jsonl"))

    assert run(service).result(timeout=60)


def test_journal_is_off_under_pytest_and_on_request(monkeypatch):
    monkeypatch.delenv(journal.VARIABLE, raising=False)
    assert journal.path() is None

    for variable in ("PYTEST_CURRENT_TEST", "PYTEST_VERSION"):
        monkeypatch.delenv(variable, raising=False)
    assert journal.path() is not None
    monkeypatch.setenv(journal.VARIABLE, "off")
    assert journal.path() is None
