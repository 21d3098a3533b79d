"""A stand-in for the service in this process; it records requests and can fail.

It serves the quantum channel below ``/api`` and ``/runtime``, the cloud channel of any host when it
is used as a proxy, and the cloud channel below ``/experimental`` otherwise.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.loopback import serving

from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.api.http.retry import without_waiting

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/0123456789:abcdef-01::"
# How long requests that should overlap wait for each other; reached only on failure.
TIMEOUT = 20.0


def configuration(name: str, qubits: int = 5) -> dict[str, Any]:
    """Return the configuration of a device."""
    return {
        "backend_name": name,
        "backend_version": "1.2.3",
        "n_qubits": qubits,
        "basis_gates": ["id", "rz", "sx", "x", "cx"],
        "gates": [{"name": "cx", "parameters": [], "qasm_def": "", "coupling_map": [[0, 1]]}],
        "local": False,
        "simulator": False,
        "conditional": False,
        "open_pulse": False,
        "memory": True,
        "max_shots": 1000,
        "max_experiments": 100,
        "coupling_map": [[0, 1], [1, 0]],
        "online_date": "2021-01-01T00:00:00Z",
    }


@dataclass
class RecordedRequest:
    """One request; ``url`` is the full URL of a proxied request, else the path."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    started: float
    ended: float = 0.0

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.url).query)


@dataclass
class StandIn:
    """State of the stand-in; tests set its responses and read the requests."""

    projects: dict[str, list[str]] = field(default_factory=lambda: {"h/g/p": ["fake_one"]})
    default: str = "h/g/p"
    devices: dict[str, Any] = field(default_factory=dict)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    instances: list[dict[str, Any]] = field(default_factory=list)
    page: int = 100
    faults: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[RecordedRequest] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    meetings: list[tuple[Callable[[RecordedRequest], bool], threading.Barrier]] = field(
        default_factory=list
    )
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fill(self, projects: int, devices: int) -> None:
        """Give each of many projects the same devices."""
        names = [f"device_{number:02}" for number in range(devices)]
        self.projects = {f"h/g/p{number:02}": names for number in range(projects)}
        self.default = "h/g/p00"

    def forget(self) -> None:
        self.asked.clear()
        self.connections = 0

    def paths(self, text: str = "") -> list[str]:
        return [asked.path for asked in self.asked if text in asked.path]

    def dependent(self) -> int:
        """Return the length of the longest chain of dependent requests."""
        chain, end = 0, 0.0
        for asked in sorted(self.asked, key=lambda entry: entry.ended):
            if asked.started >= end:
                chain, end = chain + 1, asked.ended
        return chain

    def meet(self, number: int, matches: Callable[[RecordedRequest], bool]) -> None:
        """Hold requests of a kind until this many of them are in flight."""
        self.meetings.append((matches, threading.Barrier(number)))

    def service(self, **arguments: Any) -> QiskitRuntimeService:
        arguments = {"channel": "ibm_quantum", "token": "API-TOKEN", **arguments}
        return QiskitRuntimeService(url=f"{self.url}/api", **arguments)

    def cloud_service(self, **arguments: Any) -> QiskitRuntimeService:
        arguments = {"channel": "ibm_cloud", "token": "API-KEY", "instance": CRN, **arguments}
        return QiskitRuntimeService(url=f"{self.url}/experimental", **arguments)

    def answer(self, asked: RecordedRequest) -> tuple[int, Any]:
        for matches, barrier in self.meetings:
            if matches(asked):
                try:
                    barrier.wait(TIMEOUT)
                except threading.BrokenBarrierError:
                    return 400, "these requests were not concurrent"
        for text, fault in self.faults.items():
            if text in asked.url:
                return fault
        return self._content(asked)

    def _content(self, asked: RecordedRequest) -> tuple[int, Any]:
        path = asked.path.removeprefix("/experimental")
        fixed = {
            "/api/version": {"new_api": True, "api-auth": "0.1"},
            "/api/users/loginWithToken": {"id": "ACCESS-TOKEN"},
            "/api/users/me": {
                "urls": {
                    "http": f"{self.url}/api",
                    "services": {"runtime": f"{self.url}/runtime"},
                }
            },
            "/api/Network": self._network(),
            "/identity/token": {"access_token": "IAM-TOKEN"},
        }
        if path in fixed:
            return 200, fixed[path]
        if path == "/v2/resource_instances":
            return 200, self._resources(asked.query)
        if path.endswith("/backends"):
            provider = asked.query.get("provider")
            listed = self.projects[provider[0]] if provider else self._all_devices()
            return 200, {"devices": listed}
        return self._device(path)

    def _all_devices(self) -> list[str]:
        return [name for names in self.projects.values() for name in names]

    def _network(self) -> list[dict[str, Any]]:
        hubs: dict[str, Any] = {}
        for name in self.projects:
            hub, group, project = name.split("/")
            groups = hubs.setdefault(hub, {"name": hub, "groups": {}})["groups"]
            projects = groups.setdefault(group, {"projects": {}})["projects"]
            projects[project] = {"isDefault": True} if name == self.default else {}
        return list(hubs.values())

    def _device(self, path: str) -> tuple[int, Any]:
        *_, name, kind = path.split("/")
        if name not in self._all_devices():
            return 404, {"errors": [{"code": 1216, "message": "Backend not found"}]}
        if kind == "configuration":
            return 200, self.devices.get(name, configuration(name))
        if kind == "status":
            usual = {"state": True, "status": "active", "length_queue": 3, "backend_version": "1"}
            return 200, {**usual, **self.states.get(name, {})}
        return 200, {}

    def _resources(self, query: dict[str, list[str]]) -> dict[str, Any]:
        wanted = query.get("name")
        found = [entry for entry in self.instances if not wanted or entry["name"] == wanted[0]]
        start = int(query.get("start", ["0"])[0])
        rest = start + self.page
        after = {"start": rest, **({"name": wanted[0]} if wanted else {})}
        following = "&".join(f"{key}={value}" for key, value in after.items())
        return {
            "rows_count": len(found[start:rest]),
            "resources": found[start:rest],
            "next_url": f"/v2/resource_instances?{following}" if rest < len(found) else None,
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state: StandIn

    def handle(self) -> None:
        self.fresh = True
        try:
            super().handle()
        except (ConnectionError, ValueError):
            """The client went away; a test that minds sees it on its own side."""

    def do_GET(self) -> None:
        started = time.perf_counter()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = RecordedRequest(self.command, self.path, dict(self.headers), body, started)
        status, content = self.state.answer(asked)
        with self.state.lock:
            self.state.connections += self.fresh
            self.fresh = False
            asked.ended = time.perf_counter()
            self.state.asked.append(asked)
        sent = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        if status in (302, 307):
            self.send_header("Location", content)
        self.end_headers()
        self.wfile.write(sent)

    do_POST = do_GET  # noqa: N815  # names fixed by http.server

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def running() -> Iterator[StandIn]:
    """Run a stand-in until the block ends."""
    state = StandIn()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    state.port = server.server_port
    with serving(server):
        yield state


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """A stand-in with one project and device; retries do not pause."""
    with without_waiting(), running() as state:
        yield state


@pytest.fixture
def crn() -> str:
    return CRN


@pytest.fixture
def device() -> Callable[..., dict[str, Any]]:
    """Configuration of a device, by name and number of qubits."""
    return configuration
