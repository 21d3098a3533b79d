"""Behavior common to all commands: help, errors, exit codes and escaping."""

from __future__ import annotations

import builtins
import json
import subprocess
import sys

import pytest

HELP = """
import sys
from qiskit_ibm_runtime.cli.__main__ import main
main({arguments!r})
heavy = ("qiskit", "numpy", "requests", "rich", "logging")
print([name for name in heavy if name in sys.modules])
"""
COMMANDS = [
    ["account", "save"],
    ["account", "list"],
    ["account", "use"],
    ["account", "delete"],
    ["backends"],
    ["backend"],
    ["jobs"],
    ["job"],
    ["run"],
    ["program", "upload"],
    ["program", "list"],
    ["program", "show"],
    ["program", "delete"],
    ["local", "start"],
    ["local", "status"],
    ["local", "stop"],
    ["local", "purge"],
    ["doctor"],
]


def test_help_does_not_import_qiskit():
    pytest.importorskip("typer", reason="the extra 'cli' is not installed")
    answer = subprocess.run(
        [sys.executable, "-c", HELP.format(arguments=["--help"])],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "Exit codes:" in answer.stdout
    assert answer.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_and_json_output(cli, command):
    answer = cli(*command, "--help")

    assert answer.code == 0
    assert "--json" in answer.out


def test_version_matches_the_distribution(cli):
    from importlib.metadata import version

    assert cli("--version").out.strip() == version("qiskit-ibm-runtime")


def test_completion_lists_the_commands(cli, monkeypatch, capsys):
    monkeypatch.setenv("_QISKIT_IBM_RUNTIME_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "qiskit-ibm-runtime ba")
    monkeypatch.setenv("COMP_CWORD", "1")

    with pytest.raises(SystemExit):
        cli()
    assert capsys.readouterr().out.split() == ["backends", "backend"]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["job", "no-such-job"], 4, "no-such-job"),
        (["backend", "no-such-backend"], 4, "no-such-backend"),
        (["run", "no-such-file.qasm"], 2, "no-such-file.qasm"),
        (["run", "pyproject.toml"], 2, "neither a .qasm nor a .qpy"),
        (["jobs", "--after", "yesterday-ish"], 2, "created_after"),
        (["job", "some-job", "--logs", "--cancel"], 2, "use only one of"),
        (["jobs", "--limit", "many"], 2, "--limit"),
        (["--channel", "ibm_typo", "backends"], 2, "ibm_typo"),
        (["--account", "nobody", "backends"], 3, "nobody"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_errors_are_reported_with_one_line_and_an_exit_code(on_server, arguments, code, text):
    answer = on_server(*arguments)

    assert answer.code == code
    assert text in answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""


def test_errors_are_json_with_the_json_option(on_server):
    answer = on_server("job", "no-such-job", "--json")

    error = json.loads(answer.err)["error"]
    assert (error["type"], error["exit_code"]) == ("RuntimeJobNotFound", 4)


def test_failed_job_has_its_own_exit_code(on_server, service):
    options = {"backend": "ibmq_qasm_simulator"}
    job = service.run("circuit-runner", {"circuits": "no circuits"}, options=options)

    answer = on_server("job", job.job_id(), "--result")

    assert answer.code == 5
    assert on_server("job", job.job_id(), "--watch").code == 5


def test_unreachable_server_has_its_own_exit_code(cli, monkeypatch):
    from qiskit_ibm_runtime.api.http.retry import without_waiting

    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "local")
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "some-token")
    monkeypatch.setenv("QISKIT_IBM_URL", "http://127.0.0.1:9/api")

    with without_waiting():
        assert cli("backends").code == 6


def test_unexpected_errors_are_raised(cli, monkeypatch):
    from qiskit_ibm_runtime.cli.connection import Connection

    def broken(*_, **__):
        raise KeyError("a bug")

    monkeypatch.setattr(Connection, "open", broken)

    with pytest.raises(KeyError):
        cli("backends")


def test_untrusted_names_cannot_control_the_terminal(cli, capsys):
    from qiskit_ibm_runtime.cli.output import print_table, print_text

    print_table({"name": "left"}, [["\x1b[2J[red]evil[/red]\r\x07"]])
    print_text("log\x1b]0;title\x07\n")

    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "[red]evil[/red]" in out


def test_missing_extra_is_reported_with_what_to_install(capsys, monkeypatch):
    from qiskit_ibm_runtime.cli.__main__ import main

    real = builtins.__import__

    def without_typer(name, *arguments):
        if name.partition(".")[0] == "typer":
            raise ModuleNotFoundError("No module named 'typer'", name="typer")
        return real(name, *arguments)

    for name in [each for each in sys.modules if each.startswith("qiskit_ibm_runtime.cli.")]:
        if name != "qiskit_ibm_runtime.cli.__main__":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without_typer)

    assert main(["backends"]) == 2
    assert "extra 'cli'" in capsys.readouterr().err
