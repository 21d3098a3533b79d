"""A stand-in for the service, in a process of its own: canned answers after a set latency.

:class:`StandIn` starts ``python -m benchmarks.standin SETTING``, which prints where it listens. It
counts requests, connections, bytes received, and dependent round trips (the longest chain of
requests of which each began after the one before had ended). With ``"handshake": 0.1`` it is three
hosts that speak TLS and take so long to greet; then it prints the file of their authority, too.
"""

from __future__ import annotations

import importlib.util
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

from benchmarks.payloads import make_result

# Names the interpreter that stand-ins run in, when that which measures holds another release.
PYTHON = "BENCHMARKS_PYTHON"
COMMAND = ("-W", "ignore", "-m", "benchmarks.standin")
CREATED = "2026-01-01T00:00:00Z"


@cache
def snapshot(kind: str) -> dict[str, Any]:
    """Data of a device with 127 qubits, as terra ships it."""
    spec = importlib.util.find_spec("qiskit")
    folder = Path(spec.submodule_search_locations[0], "providers", "fake_provider", "backends")
    return json.loads((folder / "washington" / f"{kind}_washington.json").read_text())


class Verbatim(str):
    """An answer that is sent as it is."""

    __slots__ = ()


class Answers:
    """What the stand-in says, and what it was asked."""

    def __init__(self, setting: dict[str, Any]) -> None:
        self.latency: float = setting["latency"]
        self.projects: int = setting["projects"]
        self.inputs: int = setting["inputs"]
        self.handshake: float = setting["handshake"]
        self.faulty: bool = setting["faulty"]
        self.result: str = setting["result"]
        self.tls: ssl.SSLContext | None = None
        self.devices = [f"device_{index:02}" for index in range(setting["devices"])]
        self.lock = threading.Lock()
        self.port = 0
        self.canned: dict[tuple[str, str, str], bytes] = {}
        self.reset()

    def reset(self) -> None:
        self.asked: list[tuple[float, float, str]] = []
        self.connections = 0
        self.received = 0

    def counts(self) -> dict[str, Any]:
        chain, end = 0, 0.0
        for started, ended, _ in sorted(self.asked, key=lambda entry: entry[1]):
            if started >= end:
                chain, end = chain + 1, ended
        return {
            "requests": len(self.asked),
            "connections": self.connections,
            "dependent": chain,
            "received": self.received,
        }

    def base(self, host: int = 1) -> str:
        """Address of a host; without TLS all are one."""
        if self.tls is None:
            return f"http://127.0.0.1:{self.port}"
        return f"https://127.0.0.{host}:{self.port}"

    def body(self, method: str, path: str, query: str) -> bytes:
        """What is sent; it is put into words once, so that little of a figure is the stand-in's."""
        key = (method, path, query)
        if key not in self.canned:
            answer = self.answer(method, path, parse_qs(query))
            text = answer if isinstance(answer, Verbatim) else json.dumps(answer)
            self.canned[key] = text.encode()
        return self.canned[key]

    def answer(self, method: str, path: str, query: dict[str, list[str]]) -> Any:
        if method == "POST" and path.endswith("/jobs"):
            return {"id": "job0"}
        if path == "/api/version":
            return {"new_api": True, "api-auth": "0.1"}
        if path == "/api/users/loginWithToken":
            return {"id": "access"}
        if path == "/api/users/me":
            runtime = {"runtime": f"{self.base(3)}/runtime"}
            urls = {"http": f"{self.base(2)}/api", "services": runtime}
            return {"urls": urls}
        if path == "/api/Network":
            return [self._network()]
        if path.endswith("/backends"):
            return {"devices": self.devices}
        if path.endswith("/results"):
            return Verbatim(make_result(self.result))
        if "/jobs/" in path:
            return self._jobs(1, 0)["jobs"][0]
        if path.endswith("/jobs"):
            return self._jobs(int(query["limit"][0]), int(query.get("offset", ["0"])[0]))
        return self._device(path)

    def _network(self) -> dict[str, Any]:
        projects = {
            f"p{index}": {"name": f"p{index}", "isDefault": index == 0}
            for index in range(self.projects)
        }
        return {"name": "hub", "groups": {"group": {"name": "group", "projects": projects}}}

    def _device(self, path: str) -> Any:
        *_, name, kind = path.split("/")
        if kind == "configuration":
            return {**snapshot("conf"), "backend_name": name, "simulator": False}
        if kind == "properties":
            return {**self._properties(), "backend_name": name}
        if kind == "defaults":
            return snapshot("defs")
        if kind == "status":
            return {"state": True, "status": "active", "length_queue": 3, "backend_version": "1"}
        return None

    def _properties(self) -> dict[str, Any]:
        """The calibration; if that was wanted, with a qubit and an edge that do not work."""
        calibration = snapshot("props")
        if not self.faulty:
            return calibration
        date = calibration["last_update_date"]
        off = {"name": "operational", "unit": "", "value": 0, "date": date}
        *others, last = calibration["qubits"]
        gates = [
            {**gate, "parameters": [*gate["parameters"], off]} if gate["qubits"] == [0, 1] else gate
            for gate in calibration["gates"]
        ]
        return {**calibration, "qubits": [*others, [*last, off]], "gates": gates}

    def _jobs(self, limit: int, offset: int) -> dict[str, Any]:
        job = {
            "hub": "hub",
            "group": "group",
            "project": "p0",
            "backend": self.devices[0],
            "state": {"status": "Completed"},
            "params": {"text": "x" * self.inputs},
            "program": {"id": "sampler" if self.result.startswith("quasi") else "custom"},
            "created": CREATED,
        }
        jobs = [{**job, "id": f"job{offset + index}"} for index in range(min(limit, 200))]
        return {"jobs": jobs, "count": 10_000}


def serve(answers: Answers) -> None:
    """Answer until the input ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            if answers.tls is not None:
                time.sleep(answers.handshake)
                self.request = answers.tls.wrap_socket(self.request, server_side=True)
            super().setup()

        def handle(self) -> None:
            self.fresh = True
            super().handle()

        def do_GET(self) -> None:
            started = time.perf_counter()
            received = len(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            parts = urlsplit(self.path)
            if parts.path == "/_reset":
                answers.reset()
                self._send({})
                return
            if parts.path == "/_counts":
                self._send(answers.counts())
                return
            time.sleep(answers.latency)
            body = answers.body(self.command, parts.path, parts.query)
            with answers.lock:
                answers.connections += self.fresh
                self.fresh = False
                answers.asked.append((started, time.perf_counter(), parts.path))
                answers.received += received
            self._write(body)

        do_POST = do_DELETE = do_GET  # noqa: N815  # names fixed by http.server

        def _send(self, content: Any) -> None:
            self._write(json.dumps(content).encode())

        def _write(self, body: bytes) -> None:
            self.send_response(200 if body != b"null" else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    authority = _authority(answers) if answers.handshake else ""
    first = _Server(("127.0.0.1", 0), Handler)
    answers.port = first.server_port
    for host in (2, 3) if answers.tls else ():
        server = _Server((f"127.0.0.{host}", answers.port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(answers.base(), authority, flush=True)
    threading.Thread(target=first.serve_forever, daemon=True).start()
    sys.stdin.read()  # it ends with the process that started this one, however that ends


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def _authority(answers: Answers) -> str:
    """Give the hosts a certificate; returns the file of the authority behind it."""
    import trustme

    authority = trustme.CA()
    answers.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "127.0.0.2", "127.0.0.3").configure_cert(answers.tls)
    with tempfile.NamedTemporaryFile(suffix=".pem", delete=False) as file:
        authority.cert_pem.write_to_path(file.name)
    return file.name


class StandIn:
    """A running stand-in, seen from the process that measures."""

    def __init__(
        self,
        latency: float = 0.05,
        projects: int = 1,
        devices: int = 20,
        inputs: int = 0,
        handshake: float = 0.0,
        faulty: bool = False,
        result: str = "text 1000",
    ) -> None:
        setting = {
            "latency": latency,
            "projects": projects,
            "devices": devices,
            "inputs": inputs,
            "handshake": handshake,
            "faulty": faulty,
            "result": result,
        }
        self._process = subprocess.Popen(
            [os.environ.get(PYTHON, sys.executable), *COMMAND, json.dumps(setting)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        told = self._process.stdout.readline().rstrip("\n")
        self.url, _, authority = told.partition(" ")
        self.verify: str | bool = authority or False

    def reset(self) -> None:
        self._ask("/_reset")

    def counts(self) -> dict[str, Any]:
        return json.loads(self._ask("/_counts"))

    def _ask(self, path: str) -> bytes:
        context = ssl.create_default_context(cafile=self.verify) if self.verify else None
        with urlopen(f"{self.url}{path}", context=context) as answer:
            return answer.read()

    def service(self) -> Any:
        """Log in as on the classic channel."""
        from qiskit_ibm_runtime import QiskitRuntimeService

        return QiskitRuntimeService(
            channel="ibm_quantum", url=f"{self.url}/api", token="a-token", verify=self.verify
        )

    def cloud_service(self) -> Any:
        """Log in as on the cloud channel; an experimental address is used as it is."""
        from qiskit_ibm_runtime import QiskitRuntimeService

        return QiskitRuntimeService(
            channel="ibm_cloud",
            url=f"{self.url}/experimental",
            token="a-token",
            instance="crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::",
        )

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()
        if self.verify:
            Path(self.verify).unlink()


if __name__ == "__main__":
    serve(Answers(json.loads(sys.argv[1])))
