"""Fixtures that run the command line through its entry point on an embedded runtime."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from qiskit_ibm_runtime import QiskitRuntimeService
    from qiskit_ibm_runtime.testing import RuntimeServer

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""


@dataclass(frozen=True)
class Answer:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


Command = Callable[..., Answer]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command without an account."""
    pytest.importorskip("typer", reason="the extra 'cli' is not installed")
    from qiskit_ibm_runtime.cli.__main__ import main

    def run(*arguments: Any, typed: str = "") -> Answer:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        capsys.readouterr()
        code = main([str(each) for each in arguments])
        return Answer(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def server(qiskit_runtime_server_pool: Any) -> Any:
    """Embedded runtime with two small devices, shared by the tests in this directory."""
    devices = ["fake_lima", "ibmq_qasm_simulator"]
    with qiskit_runtime_server_pool.server(devices=devices) as started:
        yield started


@pytest.fixture
def on_server(cli: Command, server: RuntimeServer, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command with the account of the embedded runtime in the environment."""
    monkeypatch.setenv("QISKIT_IBM_CHANNEL", "local")
    monkeypatch.setenv("QISKIT_IBM_TOKEN", server.token)
    monkeypatch.setenv("QISKIT_IBM_URL", server.url)
    return cli


@pytest.fixture(scope="session")
def service(server: RuntimeServer) -> QiskitRuntimeService:
    return server.service()


@pytest.fixture
def bell_file(tmp_path: Path) -> Path:
    path = tmp_path / "bell.qasm"
    path.write_text(BELL)
    return path
