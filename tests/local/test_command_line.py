"""Server process: settings, command line, token, output and log."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.local.serving import command_line
from qiskit_ibm_runtime.local.serving.command_line import main
from qiskit_ibm_runtime.local.serving.process import _read_or_create_token, check_exposure
from qiskit_ibm_runtime.local.settings import Settings, SettingsError, User

USERS = (User("a", "b"),)
WHOLE = """
host = "127.0.0.2"
port = 8123
path_prefix = "/qiskit"
tls_cert = "tls/chain.pem"
tls_key = "tls/key.pem"
data = "data"
users = ["plain", "bob:token-of-bob", {name = "carol", token = "token-of-carol"}]
hubs = ["ibm-q/open/main", {name = "h/g/p", devices = ["fake_lima"]}]
services = [{name = "s", crn = "crn:v1:bluemix:public:quantum-computing:us-east:a/x:y::"}]
devices = ["ibmq_qasm_simulator", "fake_lima"]
workers = 3
retention_days = 30
"""


def settings_of(*arguments: str) -> Settings:
    options: Namespace = command_line._parser().parse_args(["serve", *arguments])
    return command_line.settings_of(options)


def test_reads_every_setting_from_a_file(tmp_path: Path) -> None:
    pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")
    path = tmp_path / "server.toml"
    path.write_text(WHOLE)

    settings = settings_of("--config", str(path))

    assert (settings.host, settings.port, settings.path_prefix) == ("127.0.0.2", 8123, "/qiskit")
    assert settings.tls_cert == tmp_path / "tls/chain.pem"
    assert settings.data == tmp_path / "data"
    assert [user.name for user in settings.users] == ["local", "bob", "carol"]
    assert settings.hubs[1].devices == ("fake_lima",)
    assert settings.services[0].name == "s"
    assert settings.workers == 3


def test_command_line_overrides_file(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text(WHOLE)

    settings = settings_of(
        *("--config", str(path), "--port", "1", "--token", "x:y", "--token", "z"),
        *("--hub", "a/b/c", "--hub", "d/e/f", "--device", "fake_quito"),
    )

    assert settings.port == 1
    assert settings.users == (User("x", "y"), User("local", "z"))
    assert [one.name for one in settings.hubs] == ["a/b/c", "d/e/f"]
    assert settings.devices == ("fake_quito",)
    assert settings.workers == 3


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("prot = 1", "prot"),
        ("hubs = ['no-hub']", "no-hub"),
        ("hubs = []", "hub/group/project"),
        ("users = [{name = 'x'}]", "users"),
        ("users = ['']", "A token must not be empty"),
        ("users = [{name = 'x', token = ' '}]", "A token must not be empty"),
        ("users = [{name = 'x', token = 1}]", "Expected `str`, got `int`"),
        ("users = [{name = 'x', token = 'y', role = 'z'}]", "role"),
        ("users = 'x'", "Expected `array`"),
        ("port = '8123'", "Expected `int`, got `str`"),
        ("port = true", "'port'"),
        ("port = 65536", "'port'"),
        ("devices = 'fake_manila'", "Expected `array | null`, got `str`"),
        ("worker_memory = '4GB'", "'worker_memory'"),
        ("retention_days = 'x'", "'retention_days'"),
        ("retention_days = nan", "'retention_days'"),
        ("grace_seconds = inf", "'grace_seconds'"),
        ("uploads = 'no'", "'uploads'"),
        ("data = 1", "Expected `str`"),
        ("hubs = [{name = 'a/b/c', devices = 'fake_lima'}]", "'hubs'"),
        ("services = [{name = 's'}]", "Object missing required field `crn`"),
        ("services = [{name = 's', crn = 'no'}]", "CRN"),
        ("path_prefix = 'no-slash'", "no-slash"),
        ("tls_cert = 'x'", "together"),
        ("workers = 0", "worker"),
        ("devices = ['fake_nothing']", "fake_nothing"),
        ("hubs = [{name = 'a/b/c', devices = ['fake_nothing']}]", "fake_nothing"),
        ("executor = 'dask'", "scheduler"),
        ("log_level = 'LOUD'", "LOUD"),
        ("not toml", "cannot be read"),
    ],
)
def test_rejects_invalid_setting_by_name(
    text: str, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "server.toml"
    path.write_text(text)

    assert main(["serve", "--config", str(path)]) == 2

    printed = capsys.readouterr()
    assert word in printed.err
    assert printed.err.startswith("error: ")
    assert printed.out == ""


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        (Settings(host="127.0.0.1"), True),
        (Settings(host="::1"), True),
        (Settings(host="localhost"), True),
        (Settings(host="0.0.0.0"), False),
        (Settings(host="0.0.0.0", users=USERS), False),
        (Settings(host="192.168.1.2", tls_cert=Path("c"), tls_key=Path("k")), False),
        (
            Settings(
                host="example.org", tls_cert=Path("c"), tls_key=Path("k"), users=(User("a", "b"),)
            ),
            True,
        ),
    ],
)
def test_exposed_server_requires_tls_and_own_token(settings: Settings, allowed: bool) -> None:
    if allowed:
        check_exposure(settings)
        return
    with pytest.raises(SettingsError, match=r"TLS|token"):
        check_exposure(settings)


def test_reports_port_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 2

    assert "Cannot listen on 127.0.0.1:" in capsys.readouterr().err


def test_repr_of_settings_hides_tokens() -> None:
    assert "hidden" not in repr(Settings(users=(User("a", "hidden"),)))


class Process:
    """Server started from the command line."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "qiskit_ibm_runtime.local", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        assert self.process.stdout is not None
        lines = 1 + ("QISKIT_IBM_LOCAL_TOKEN" not in environment)
        self.said = dict(self._line() for _ in range(lines))

    def _line(self) -> tuple[str, str]:
        assert self.process.stdout is not None
        key, _, value = self.process.stdout.readline().strip().partition(": ")
        return key, value

    def end(self) -> tuple[int, list[dict[str, Any]]]:
        """Stop the server, and return its exit code and log."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, [json.loads(line) for line in errors.splitlines()]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service") / "data"


@pytest.fixture(scope="module")
def certificate(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of the certificate authority; the server's files are in the same folder."""
    folder = tmp_path_factory.mktemp("tls")
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    return folder / "authority.pem"


@pytest.fixture(scope="module")
def process(certificate: Path, data: Path) -> Iterator[Process]:
    tls = ("--tls-cert", certificate.with_name("certificate.pem"))
    tls += ("--tls-key", certificate.with_name("key.pem"))  # type: ignore[assignment]
    process = Process("serve", *map(str, tls), "--data", str(data), "--workers", "1")
    yield process
    process.process.kill()
    process.process.communicate()


def test_client_runs_a_job_over_tls(process: Process, certificate: Path) -> None:
    url, token = process.said["url"], process.said["token"]

    assert url.startswith("https://127.0.0.1:")
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{url}/version", timeout=30)
    service = QiskitRuntimeService(
        channel="ibm_quantum", url=url, token=token, verify=str(certificate)
    )
    job = service.run("hello-world", {"iterations": 1}, {"backend": "ibmq_qasm_simulator"})

    assert job.result() == "Hello, World!"


def test_shuts_down_gracefully_and_logs_json_without_secrets(
    process: Process, data: Path, certificate: Path
) -> None:
    token = process.said["token"]
    requests.get(
        f"{process.said['url']}/users/me?apiToken={token}",
        headers={"X-Access-Token": token},
        verify=str(certificate),
        timeout=30,
    )

    code, log = process.end()

    assert code in (0, -signal.SIGTERM)
    served = [line for line in log if line["event"] == "request"]
    assert {"time", "level", "logger", "method", "path", "status", "ms"} <= served[-1].keys()
    assert served[-1]["status"] == 401
    assert token not in json.dumps(log)
    assert any("shutdown complete" in line["event"] for line in log)
    assert (data / "token").read_text() == token
    again = Process("--data", str(data), "--workers", "1")
    again.end()
    assert again.said["token"] == token


@pytest.mark.parametrize("kept", [None, "", " \n"], ids=["none", "empty", "blank"])
def test_creates_missing_token(kept: str | None, tmp_path: Path) -> None:
    if kept is not None:
        (tmp_path / "token").write_text(kept)

    token = _read_or_create_token(tmp_path, "fresh")

    assert token == "fresh"
    assert (tmp_path / "token").read_text() == "fresh"
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_writes_token_atomically(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(SettingsError, match="No space left"):
            _read_or_create_token(tmp_path, "fresh")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "bytes", "data is a file"])
def test_reports_unreadable_token_file(kind: str, tmp_path: Path) -> None:
    if kind == "folder":
        (tmp_path / "token").mkdir()
    elif kind == "bytes":
        (tmp_path / "token").write_bytes(b"\xff\xfe")
    folder = tmp_path / "file" if kind == "data is a file" else tmp_path
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match="token"):
        _read_or_create_token(folder, "fresh")


def test_empty_token_in_environment_grants_no_access(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QISKIT_IBM_LOCAL_TOKEN", " ")
    assert main(["serve"]) == 2
    assert "A token must not be empty" in capsys.readouterr().err

    monkeypatch.setenv("QISKIT_IBM_LOCAL_TOKEN", "")
    assert settings_of().users == ()  # one is made


def test_hangup_shuts_down_gracefully() -> None:
    process = Process("--workers", "1")
    process.process.send_signal(signal.SIGHUP)
    _, logged = process.process.communicate(timeout=60)

    assert process.process.returncode == 0
    assert "shutdown complete" in logged


def test_does_not_print_given_token() -> None:
    process = Process("--workers", "1", QISKIT_IBM_LOCAL_TOKEN="given-one")
    url = process.said["url"]
    login = requests.post(f"{url}/users/loginWithToken", json={"apiToken": "given-one"}, timeout=30)
    process.process.send_signal(signal.SIGTERM)
    printed, logged = process.process.communicate(timeout=60)

    assert login.status_code == 200
    assert "given-one" not in printed + logged + json.dumps(process.said)


def test_listening_socket_disables_nagle() -> None:
    """asyncio disables Nagle's algorithm only on sockets created with IPPROTO_TCP."""
    import socket

    from qiskit_ibm_runtime.local.serving.server import listen

    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP
