"""A small service on a loopback socket, for behavior that the embedded runtime lacks.

It caps pages, miscounts, rejects, forgets, names devices that no longer exist, holds requests until
they overlap, and records them::

    with StandIn(page_size=200) as standin:
        standin.add_jobs(500)
        assert len(standin.service().jobs(limit=500)) == 500
        assert standin.asked("GET /jobs") == [...]         # the queries, in order

Set ``standin.answers["POST /jobs"]`` to a status and a body to override the response to a call, or
``standin.faults[text]`` for all requests with that text in their URL. Otherwise, programs and jobs
behave as in the classic protocol. The quantum channel is below ``/api`` and ``/runtime``; the cloud
channel is that of any host when the stand-in is used as a proxy, and below ``/experimental``
otherwise.
"""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

if TYPE_CHECKING:
    from qiskit_ibm_runtime import QiskitRuntimeService

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/0123456789:abcdef-01::"
DEVICE = "ibmq_there"
# How long requests that should overlap wait for each other; reached only on failure.
TIMEOUT = 20.0
_ROOT = re.compile(r"^/(api|runtime|experimental)(?=/)")

Query = dict[str, list[str]]


def configuration(name: str = DEVICE, qubits: int = 5) -> dict[str, Any]:
    """Return the configuration of a device."""
    return {
        "backend_name": name,
        "backend_version": "1.2.3",
        "online_date": "2023-01-01T00:00:00Z",
        "n_qubits": qubits,
        "basis_gates": ["cx", "id", "rz", "sx", "x"],
        "gates": [{"name": "cx", "parameters": [], "qasm_def": "", "coupling_map": [[0, 1]]}],
        "local": False,
        "simulator": False,
        "conditional": False,
        "open_pulse": False,
        "memory": True,
        "max_shots": 20000,
        "max_experiments": 100,
        "coupling_map": [[0, 1], [1, 0]],
    }


@dataclass
class Request:
    """One request; ``url`` is the full URL of a proxied request, else the path and the query."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    is_first: bool  # of its connection
    started: float = field(default_factory=time.perf_counter)
    ended: float = 0.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        self.path, self.query = parts.path, parse_qs(parts.query)
        self.call = f"{self.method} {_ROOT.sub('', parts.path)}"

    def content(self) -> Any:
        """Return the body, decoded if it is JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return self.body


class StandIn:
    """State of the service, and the requests received."""

    def __init__(self, page_size: int = 1000) -> None:
        self.page_size = page_size
        self.requests: list[Request] = []
        self.answers: dict[str, tuple[int, Any]] = {}
        self.faults: dict[str, tuple[int, Any]] = {}
        self.jobs: list[dict[str, Any]] = []
        self.programs: dict[str, dict[str, Any]] = {}
        self.count: Callable[[list[Any]], Any] | None = (
            None  # reported count of a page, instead of the total
        )
        self.projects: dict[str, list[str]] = {"h/g/p": [DEVICE]}
        self.default = "h/g/p"
        self.devices: dict[str, Any] = {}
        self.states: dict[str, dict[str, Any]] = {}
        self.instances: list[dict[str, Any]] = []
        self._meetings: list[tuple[Callable[[Request], bool], threading.Barrier]] = []
        self._lock = threading.Lock()
        self._servers: list[_Server] = []

    def __enter__(self) -> StandIn:  # noqa: PYI034 - `Self` came with Python 3.11
        self.url = self.listen()
        return self

    def __exit__(self, *exc: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def listen(self) -> str:
        """Start to answer at another URL, which is returned."""
        server = _Server(self)
        self._servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    def connected(self, sock: socket.socket) -> socket.socket:
        """Return the socket of a new connection, for subclasses that count or encrypt."""
        return sock

    def log_in(self, channel: str = "ibm_quantum", **arguments: Any) -> QiskitRuntimeService:
        """Log in on either channel."""
        # Benchmarks run the stand-in in a process of its own, which needs no Qiskit.
        from qiskit_ibm_runtime import QiskitRuntimeService

        place = {"token": "API-TOKEN", "url": f"{self.url}/api"}
        if channel == "ibm_cloud":
            # Clients do not turn an "experimental" URL into that of a region.
            place = {"token": "API-KEY", "instance": CRN, "url": f"{self.url}/experimental"}
        given: dict[str, Any] = {"channel": channel, **place, **arguments}
        return QiskitRuntimeService(**given)

    def service(self, channel: str = "ibm_quantum") -> QiskitRuntimeService:
        """Log in; the requests of the login are not recorded."""
        service = self.log_in(channel)
        self.requests.clear()
        return service

    def fill(self, projects: int, devices: int) -> None:
        """Give each of many projects the same devices."""
        names = [f"device_{number:02}" for number in range(devices)]
        self.projects = {f"h/g/p{number:02}": names for number in range(projects)}
        self.default = "h/g/p00"

    def add_jobs(self, number: int, **fields: Any) -> None:
        """Add finished jobs, newest first: ``job0``, ``job1``, …"""
        for _ in range(number):
            job = {
                "id": f"job{len(self.jobs)}",
                "backend": DEVICE,
                "program": {"id": "sampler"},
                "hub": "h",
                "group": "g",
                "project": "p",
                "created": "2023-05-01T09:00:00Z",
                "state": {"status": "Completed"},
                "params": {"shots": 1},
                "tags": ["t"],
            }
            self.jobs.append({**job, **fields})

    def meet(self, number: int, matches: Callable[[Request], bool]) -> None:
        """Hold requests of a kind until this many of them are in flight."""
        self._meetings.append((matches, threading.Barrier(number)))

    def asked(self, call: str) -> list[dict[str, str]]:
        """Return the queries of all requests of one kind, such as ``GET /jobs``; values joined."""
        return [
            {key: ",".join(values) for key, values in request.query.items()}
            for request in self.requests
            if request.call == call
        ]

    def sent(self, call: str) -> list[Any]:
        """Return the bodies of all requests of one kind, decoded if they are JSON."""
        return [request.content() for request in self.requests if request.call == call]

    def calls(self) -> list[str]:
        """Return all requests, as ``GET /jobs``."""
        return [request.call for request in self.requests]

    def paths(self, text: str = "") -> list[str]:
        """Return the paths of all requests in which a string occurs."""
        return [request.path for request in self.requests if text in request.path]

    def opened(self) -> int:
        """Return on how many connections the first request was one of those recorded."""
        return sum(request.is_first for request in self.requests)

    def dependent(self) -> int:
        """Return the length of the longest chain of dependent requests."""
        chain, end = 0, 0.0
        for request in sorted(self.requests, key=lambda request: request.ended):
            if request.started >= end:
                chain, end = chain + 1, request.ended
        return chain

    def respond(self, request: Request) -> tuple[int, Any]:
        """Record the request and respond."""
        with self._lock:
            self.requests.append(request)
        for matches, barrier in self._meetings:
            if matches(request):
                try:
                    barrier.wait(TIMEOUT)
                except threading.BrokenBarrierError:
                    return 400, "these requests were not concurrent"
        for text, fault in self.faults.items():
            if text in request.url:
                return fault
        return self.answer(request.call, request.query, request.body)

    def answer(self, call: str, query: Query, body: bytes) -> tuple[int, Any]:
        """Return a status and a content: bytes and text as they are, all else as JSON."""
        if call in self.answers:
            return self.answers[call]
        method, _, path = call.partition(" ")
        what = path.strip("/").split("/")
        if what[0] == "jobs":
            return self._job_answer(method, what[1:], query, body)
        if what[0] == "programs":
            return self._program_answer(method, what[1:], query, body)
        if what[0] == "backends":
            return self._backend_answer(what[1:], query)
        if what[0] == "sessions":
            return 204, None
        return 200, self._login_answer(path, query)

    def _login_answer(self, path: str, query: Query) -> Any:
        urls = {"http": f"{self.url}/api", "services": {"runtime": f"{self.url}/runtime"}}
        return {
            "/version": {"new_api": True, "api-auth": "0.1"},
            "/users/loginWithToken": {"id": "ACCESS-TOKEN"},
            "/users/me": {"urls": urls},
            "/Network": self._network(),
            "/identity/token": {"access_token": "IAM-TOKEN"},
            "/v2/resource_instances": self._resources(query),
        }[path]

    def _network(self) -> list[dict[str, Any]]:
        hubs: dict[str, Any] = {}
        for name in self.projects:
            hub, group, project = name.split("/")
            groups = hubs.setdefault(hub, {"name": hub, "groups": {}})["groups"]
            projects = groups.setdefault(group, {"name": group, "projects": {}})["projects"]
            projects[project] = {"name": project, "isDefault": name == self.default}
        return list(hubs.values())

    def _resources(self, query: Query) -> dict[str, Any]:
        wanted = query.get("name")
        found = [entry for entry in self.instances if not wanted or entry["name"] == wanted[0]]
        start = int(query.get("start", ["0"])[0])
        rest = start + self.page_size
        after = urlencode({"start": rest, **({"name": wanted[0]} if wanted else {})})
        return {
            "rows_count": len(found[start:rest]),
            "resources": found[start:rest],
            "next_url": f"/v2/resource_instances?{after}" if rest < len(found) else None,
        }

    def _backend_answer(self, what: list[str], query: Query) -> tuple[int, Any]:
        every = [name for names in self.projects.values() for name in names]
        if not what:
            provider = query.get("provider")
            return 200, {"devices": self.projects[provider[0]] if provider else every}
        name, kind = what
        if name not in every:
            return 404, {"errors": [{"code": 1216, "message": "Backend not found"}]}
        if kind == "configuration":
            return 200, self.devices.get(name, configuration(name))
        if kind == "status":
            usual = {"state": True, "status": "active", "length_queue": 3, "backend_version": "1"}
            return 200, {**usual, **self.states.get(name, {})}
        return 200, {}

    def _page(self, entries: list[Any], query: Query, name: str) -> Any:
        limit = min(int(query.get("limit", ["10"])[0]), self.page_size)
        offset = int(query.get("offset", ["0"])[0])
        page = entries[offset : offset + limit]
        return {name: page, "count": self.count(page) if self.count else len(entries)}

    def _job_answer(
        self, method: str, what: list[str], query: Query, body: bytes
    ) -> tuple[int, Any]:
        if not what and method == "GET":
            return 200, self._page(self.jobs, query, "jobs")
        if not what:
            request = json.loads(body)
            self.jobs.insert(0, {**request, "id": f"new{len(self.jobs)}"})
            return 200, {"id": self.jobs[0]["id"], "backend": request.get("backend", DEVICE)}
        job = next((job for job in self.jobs if job["id"] == what[0]), None)
        if job is None:
            return 404, {"errors": [{"code": 1291, "message": "Job not found."}]}
        if method == "DELETE":
            self.jobs.remove(job)
            return 204, None
        return 200, '"the result"' if what[1:] == ["results"] else job

    def _program_answer(
        self, method: str, what: list[str], query: Query, body: bytes
    ) -> tuple[int, Any]:
        if not what and method == "GET":
            return 200, self._page(
                [{k: v for k, v in p.items() if k != "data"} for p in self.programs.values()],
                query,
                "programs",
            )
        if not what:
            program = json.loads(body)
            program_id = f"{program['name']}-id"
            data = base64.b64decode(program["data"]).decode()
            self.programs[program_id] = {**program, "id": program_id, "data": data}
            return 201, {"id": program_id}
        if what[0] not in self.programs:
            return 404, {"errors": [{"code": 1220, "message": "Program not found."}]}
        if method == "DELETE":
            del self.programs[what[0]]
        elif method == "PATCH":
            self.programs[what[0]].update(json.loads(body))
        elif what[1:] == ["data"]:
            self.programs[what[0]]["data"] = base64.b64decode(body).decode()
        elif len(what) == 2:
            self.programs[what[0]]["is_public"] = what[1] == "public"
        return (200, self.programs[what[0]]) if method == "GET" else (204, None)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # the default of five is too small for a stress test

    def __init__(self, standin: StandIn) -> None:
        self.standin = standin
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        super().finish_request(self.standin.connected(request), client_address)


def encoded(content: Any) -> bytes:
    """Return a body: bytes and text as they are, all else as JSON."""
    if isinstance(content, bytes):
        return content
    return (content if isinstance(content, str) else json.dumps(content)).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        self.is_first = True
        try:
            super().handle()
        except (ConnectionError, ValueError):
            """The client went away; a test that minds sees it on its own side."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, dict(self.headers), body, self.is_first)
        self.is_first = False
        status, content = self.server.standin.respond(request)
        data = b"" if status == 204 else encoded(content)
        request.ended = time.perf_counter()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status in (302, 307):
            self.send_header("Location", content)
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815  # names fixed by http.server

    def log_message(self, *args: object) -> None:
        """Do not log."""
