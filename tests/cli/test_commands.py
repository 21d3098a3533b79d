"""Behavior of each command."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from qiskit import QuantumCircuit, qpy

from qiskit_ibm_runtime.local import launcher

SIMULATOR = "ibmq_qasm_simulator"


@pytest.fixture(scope="session")
def finished(service):
    """A finished job."""
    options = {"backend": SIMULATOR, "job_tags": ["greeting"]}
    job = service.run("hello-world", {"iterations": 1}, options=options)
    job.wait_for_final_state()
    return job


def test_backends_shows_queue_and_median_errors(on_server):
    by_name = {each["name"]: each for each in on_server("backends", "--json").data}

    assert set(by_name) == {"fake_lima", SIMULATOR}
    lima = by_name["fake_lima"]
    assert (lima["qubits"], lima["status"], lima["simulator"]) == (5, "active", False)
    assert 0 < lima["one_qubit_error"] < lima["two_qubit_error"] < lima["readout_error"] < 0.2
    assert by_name[SIMULATOR]["two_qubit_error"] is None


def test_backends_filters_and_prints_a_table(on_server):
    table = on_server("backends", "--no-simulator", "--no-errors").out

    assert "fake_lima" in table
    assert SIMULATOR not in table


def test_backend_shows_details(on_server, service):
    shown = on_server("backend", "fake_lima", "--json").data

    assert shown["basis_gates"] == service.backend("fake_lima").basis_gates
    assert "fake_lima" in on_server("backend", "fake_lima").out


def test_jobs_filters_by_tag(on_server, finished):
    found = on_server("jobs", "--tag", "greeting", "--ended", "--json").data

    assert [each["id"] for each in found] == [finished.job_id()]
    assert found[0]["status"] == "DONE"
    assert on_server("jobs", "--tag", "no such tag", "--json").data == []
    assert "No matching jobs" in on_server("jobs", "--tag", "no such tag").err
    assert finished.job_id() in on_server("jobs", "--tag", "greeting").out


def test_job_shows_result_log_inputs_and_details(on_server, finished):
    job_id = finished.job_id()

    assert on_server("job", job_id, "--json").data["status"] == "DONE"
    assert on_server("job", job_id).out.count(job_id) == 1
    assert on_server("job", job_id, "--inputs", "--json").data["iterations"] == 1
    assert "iterations" in on_server("job", job_id, "--inputs").out
    assert on_server("job", job_id, "--result", "--json").data == finished.result()
    assert on_server("job", job_id, "--logs", "--json").data == {"logs": finished.logs()}


def test_watch_prints_a_line_for_each_state_in_a_pipe(on_server, finished):
    answer = on_server("job", finished.job_id(), "--watch")

    assert answer.code == 0
    assert f"job {finished.job_id()}: DONE, 0:00" in answer.err


def test_run_samples_a_file_and_the_job_can_be_found(on_server, bell_file):
    seed = ("--seed", 7, "--shots", 500, "--backend", SIMULATOR)

    answer = on_server("run", bell_file, *seed, "--tag", "from-a-file", "--json")

    (shares,) = answer.data["quasi_dists"]
    assert set(shares) == {"00", "11"}
    # Five standard errors of 500 shots.
    assert shares["00"] == pytest.approx(0.5, abs=5 * 0.5 / 500**0.5)
    (job,) = on_server("jobs", "--tag", "from-a-file", "--json").data
    assert "11" in on_server("job", job["id"], "--result").out
    assert (
        "cx" in on_server("job", job["id"], "--inputs").out
        or "■" in on_server("job", job["id"], "--inputs").out
    )


def test_run_estimates_observables_of_a_qpy_file(on_server, tmp_path):
    ghz = QuantumCircuit(3)
    ghz.h(0)
    ghz.cx(0, [1, 2])
    with (tmp_path / "ghz.qpy").open("wb") as file:
        qpy.dump(ghz, file)

    pairs = ("--observable", "XXX", "--observable", "ZZI", "--backend", SIMULATOR)
    answer = on_server("run", tmp_path / "ghz.qpy", *pairs, "--json")

    assert answer.data["values"] == [1.0, 1.0]
    assert "standard error" in on_server("run", tmp_path / "ghz.qpy", *pairs).out


def test_run_without_waiting_adds_missing_measurements(on_server, tmp_path):
    file = tmp_path / "one.qasm"
    file.write_text('OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\nx q[0];\n')

    left = on_server("run", file, "--no-wait", "--backend", SIMULATOR)

    assert "has no measurements" in left.err
    result = on_server("job", left.out.strip(), "--result", "--json")
    assert result.data["quasi_dists"] == [{"1": 1.0}]


def test_programs_can_be_uploaded_shown_and_deleted(on_server, tmp_path):
    source = tmp_path / "greeter.py"
    source.write_text("def main(backend, user_messenger, **kwargs):\n    return 'hi'\n")

    made = on_server("program", "upload", source, "--description", "Greets.", "--json").data["id"]

    assert made in [each["id"] for each in on_server("program", "list", "--json").data]
    assert "Greets." in on_server("program", "show", made).out
    assert on_server("program", "show", made, "--source").out == source.read_text()
    assert on_server("program", "delete", made, typed="n\n").code == 1
    assert on_server("program", "delete", made, "--yes").code == 0
    assert on_server("program", "show", made).code == 4


def test_accounts_can_be_saved_listed_chosen_and_deleted(cli, tmp_path):
    file = ("--file", tmp_path / "accounts.json")
    token = "token-that-nobody-must-see"
    for name in ("first", "second"):
        made = cli(
            *(*file, "account", "save", "--channel", "ibm_quantum", "--name", name),
            *("--instance", f"{name}/open/main"),
            typed=f"{token}-{name}\n",
        )
        assert made.code == 0, made.err

    assert cli(*file, "account", "use", "first").code == 0
    chosen = cli(*file, "account", "use", "second", "--json")

    assert chosen.data == {"default": "second", "channel": "ibm_quantum"}
    listed = cli(*file, "account", "list")
    assert token not in listed.out
    data = {each["name"]: each for each in cli(*file, "account", "list", "--json").data}
    assert data["default-ibm-quantum"]["instance"] == "second/open/main"
    assert [name for name, each in data.items() if each["default"]] == ["default-ibm-quantum"]
    assert cli(*file, "account", "delete", "first", "--yes").code == 0
    assert cli(*file, "account", "delete", "first", "--yes").code == 4


def test_replaced_default_account_is_kept(cli, tmp_path):
    file = ("--file", tmp_path / "accounts.json")
    save = (*file, "account", "save", "--channel", "ibm_quantum")
    cli(*save, typed="token-of-the-default\n")
    cli(*save, "--name", "other", typed="token-of-another-one\n")

    assert "kept as previous-default-ibm-quantum" in cli(*file, "account", "use", "other").err

    saved = json.loads((tmp_path / "accounts.json").read_text())
    assert saved["previous-default-ibm-quantum"]["token"] == "token-of-the-default"


def test_doctor_reports_no_problem_with_the_embedded_runtime(on_server):
    report = {each["what"]: each for each in on_server("doctor", "--json").data}

    assert {each["state"] for each in report.values()} == {"ok"}
    assert "backends" in report["log-in"]["found"]
    assert report["client header"]["found"].startswith("qiskit-version-2/")
    assert report["clock"]["found"].endswith("s from the service's clock")


def test_doctor_runs_no_live_check_without_a_platform_account(cli):
    answer = cli("--channel", "local", "doctor", "--offline", "--live")

    assert answer.code == 3
    assert "ibm_quantum_platform" in answer.err


def test_doctor_reports_failures_without_secrets(cli, monkeypatch, tmp_path):
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "local")
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "token-that-nobody-must-see")
    monkeypatch.setenv("QISKIT_IBM_URL", "http://127.0.0.1:9/api")

    from qiskit_ibm_runtime.api.http.retry import without_waiting

    with without_waiting():
        answer = cli("doctor")

    assert answer.code == 1
    assert "reachable" in answer.out
    assert "token-that-nobody" not in answer.out + answer.err


@pytest.mark.skipif(os.name != "posix", reason="the embedded runtime runs on POSIX only")
def test_persistent_runtime_can_be_started_found_and_stopped(cli, monkeypatch, tmp_path):
    """
    With a home of its own, and without pytest's variables, under which none is looked for.
    """
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("PYTEST_CURRENT_TEST", "PYTEST_VERSION"):
        monkeypatch.delenv(variable, raising=False)
    # A runtime that this process started for another test takes precedence over the persistent one.
    monkeypatch.setattr(launcher, "_ours", None)

    assert cli("local", "status").code == 1
    nowhere = cli("--channel", "local", "jobs")
    assert (nowhere.code, "local start" in nowhere.err) == (2, True)
    start = ("local", "start", "--device", "fake_lima", "--json")
    answer = subprocess.run(
        [sys.executable, "-m", "qiskit_ibm_runtime.cli", *start],
        capture_output=True,
        check=True,
        timeout=120,
    )
    started = json.loads(answer.stdout)
    try:
        assert cli("local", "status", "--json").data == started
        assert cli("--channel", "local", "jobs", "--json").data == []
    finally:
        stopped = cli("local", "stop", "--json")
    assert stopped.data == {"stopped": started["process"]}
    assert cli("local", "purge", "--data", started["data"], "--days", "1", "--json").data == {
        "removed": 0
    }
