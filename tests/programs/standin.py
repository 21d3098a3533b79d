"""A small service on a loopback socket, for behavior that the embedded runtime lacks.

It caps pages, miscounts, rejects, forgets, names devices that no longer exist, and records its
requests::

    with StandIn(page_size=200) as standin:
        standin.add_jobs(500)
        assert len(standin.service().jobs(limit=500)) == 500
        assert standin.asked("GET /jobs") == [...]         # the queries, in order

Set ``standin.answers["POST /jobs"]`` to a status and a body to override a response. Otherwise,
programs and jobs behave as in the classic protocol.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from qiskit_ibm_runtime import QiskitRuntimeService

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::"
DEVICE = "ibmq_there"
CONFIGURATION = {
    "backend_name": DEVICE,
    "backend_version": "1.0.0",
    "online_date": "2023-01-01T00:00:00Z",
    "n_qubits": 5,
    "basis_gates": ["cx", "id", "rz", "sx", "x"],
    "gates": [{"name": "cx", "parameters": [], "qasm_def": "gate cx q0,q1 { CX q0,q1; }"}],
    "local": False,
    "simulator": False,
    "conditional": False,
    "open_pulse": False,
    "memory": True,
    "max_shots": 20000,
    "max_experiments": 100,
    "coupling_map": [[0, 1], [1, 0]],
}


class StandIn:
    """State of the service, and the requests received."""

    def __init__(self, page_size: int = 1000) -> None:
        self.page_size = page_size
        self.requests: list[tuple[str, dict[str, list[str]], bytes]] = []
        self.answers: dict[str, tuple[int, Any]] = {}
        self.jobs: list[dict[str, Any]] = []
        self.programs: dict[str, dict[str, Any]] = {}
        self.count: Callable[[list[Any]], Any] | None = (
            None  # reported count of a page, instead of the total
        )
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
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    def connected(self, sock: socket.socket) -> socket.socket:
        """Return the socket of a new connection, for subclasses that count or encrypt."""
        return sock

    def service(self, channel: str = "ibm_quantum") -> QiskitRuntimeService:
        """Log in; the requests of the login are not recorded."""
        if channel == "ibm_cloud":
            # Clients do not turn an "experimental" URL into that of a region.
            service = QiskitRuntimeService(
                channel="ibm_cloud", url=f"{self.url}/experimental", token="t", instance=CRN
            )
        else:
            service = QiskitRuntimeService(channel="ibm_quantum", url=f"{self.url}/api", token="t")
        self.requests.clear()
        return service

    def asked(self, call: str) -> list[dict[str, str]]:
        """Return the queries of all requests of one kind, such as ``GET /jobs``; values joined."""
        return [
            {key: ",".join(values) for key, values in query.items()}
            for name, query, _ in self.requests
            if name == call
        ]

    def sent(self, call: str) -> list[Any]:
        """Return the bodies of all requests of one kind, decoded if they are JSON."""
        return [_content(body) for name, _, body in self.requests if name == call]

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

    def answer(self, call: str, query: dict[str, list[str]], body: bytes) -> tuple[int, Any]:
        """Record the request and respond."""
        with self._lock:
            self.requests.append((call, query, body))
        if call in self.answers:
            return self.answers[call]
        method, _, path = call.partition(" ")
        what = path.strip("/").split("/")
        if what[0] == "jobs":
            return self._job_answer(method, what[1:], query, body)
        if what[0] == "programs":
            return self._program_answer(method, what[1:], query, body)
        if what[0] == "backends":
            return 200, {"devices": [DEVICE]} if len(what) == 1 else CONFIGURATION
        if what[0] == "sessions":
            return 204, None
        return 200, self._login_answer(path)

    def _login_answer(self, path: str) -> Any:
        urls = {"http": f"{self.url}/api", "services": {"runtime": f"{self.url}/runtime"}}
        projects = {"p": {"name": "p", "isDefault": True}}
        return {
            "/version": {"new_api": True, "api-auth": "0.1"},
            "/users/loginWithToken": {"id": "access"},
            "/users/me": {"urls": urls},
            "/Network": [{"name": "h", "groups": {"g": {"name": "g", "projects": projects}}}],
        }[path]

    def _page(self, entries: list[Any], query: dict[str, list[str]], name: str) -> Any:
        limit = min(int(query.get("limit", ["10"])[0]), self.page_size)
        offset = int(query.get("offset", ["0"])[0])
        page = entries[offset : offset + limit]
        return {name: page, "count": self.count(page) if self.count else len(entries)}

    def _job_answer(self, method: str, what: list[str], query: Any, body: bytes) -> tuple[int, Any]:
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
        self, method: str, what: list[str], query: Any, body: bytes
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
        self._standin = standin
        super().__init__(("127.0.0.1", 0), handler(standin))

    def finish_request(self, request: Any, client_address: Any) -> None:
        super().finish_request(self._standin.connected(request), client_address)


def _content(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def encoded(content: Any) -> bytes:
    """Return a body: bytes and text as they are, all else as JSON."""
    if isinstance(content, bytes):
        return content
    return (content if isinstance(content, str) else json.dumps(content)).encode()


def handler(standin: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            path = "/" + parts.path.split("/", 2)[2]
            status, content = standin.answer(f"{self.command} {path}", parse_qs(parts.query), body)
            data = b"" if status == 204 else encoded(content)
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815  # names fixed by http.server

        def log_message(self, *args: object) -> None:
            """Do not log."""

    return Handler
