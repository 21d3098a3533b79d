"""Servers with real sockets, and an executor whose jobs follow their inputs."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import requests
from websocket import WebSocket

from qiskit_ibm_runtime.local.app import create_app
from qiskit_ibm_runtime.local.execution.executor import Outcome, Publish, Work
from qiskit_ibm_runtime.local.settings import Settings, User
from qiskit_ibm_runtime.testing.faults import Faults
from qiskit_ibm_runtime.testing.servers import BackgroundServer, LoopThread

TOKEN = "secret-of-alice"
STOPPING: list[BackgroundServer] = []
SIMULATOR = "ibmq_qasm_simulator"
CRN = "crn:v1:bluemix:public:quantum-computing:local:a/embedded:embedded::"


class ScriptedExecutor:
    """Executor whose jobs publish, wait, return or fail as their inputs say."""

    capacity = 2

    def __init__(self) -> None:
        self.begun: list[Work] = []
        self.killed: list[Work] = []
        self._begun = threading.Condition()
        self._gates: dict[str, asyncio.Event] = {}
        self.loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        self.loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        """Do nothing."""

    async def run(self, work: Work, publish: Publish) -> Outcome:
        inputs = json.loads(work["params"])
        with self._begun:
            self.begun.append(work)
            self._begun.notify_all()
        for message in inputs.get("say", []):
            publish(json.dumps(message))
        try:
            if "gate" in inputs:
                await self._gates.setdefault(inputs["gate"], asyncio.Event()).wait()
        except asyncio.CancelledError:
            self.killed.append(work)
            raise
        if "fail" in inputs:
            return Outcome(False, inputs["fail"], "it went wrong")
        return Outcome(True, json.dumps(inputs.get("give")), inputs.get("log", ""))

    def open(self, gate: str) -> None:
        """Let the jobs that wait at this gate continue."""
        assert self.loop is not None
        self.loop.call_soon_threadsafe(lambda: self._gates.setdefault(gate, asyncio.Event()).set())

    def wait_for(self, count: int) -> None:
        """Wait until ``count`` jobs have started."""
        with self._begun:
            assert self._begun.wait_for(lambda: len(self.begun) >= count, 30)

    def names(self) -> list[str]:
        """Return the input ``name`` of each started job, in order."""
        return [json.loads(work["params"]).get("name") for work in self.begun]


class Client:
    """HTTP client of one user that does not use this package's client."""

    def __init__(self, server: BackgroundServer, headers: dict[str, str], root: str) -> None:
        self.server, self.headers = server, headers
        self.root = f"{server.url}{root}"

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return requests.request(method, self.root + path, headers=headers, timeout=30, **more)

    def get(self, path: str, **params: Any) -> Any:
        answer = self("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def submit(self, params: dict[str, Any] | None = None, **body: Any) -> str:
        answer = self.post(params, **body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def post(
        self,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        **body: Any,
    ) -> requests.Response:
        whole = {"program_id": "hello-world", "params": params or {}, "backend": SIMULATOR, **body}
        given = {name: value for name, value in whole.items() if value is not None}
        return self("POST", "/jobs", json=given, headers=headers or {})

    def listen(self, job_id: str) -> WebSocket:
        url = f"{self.root.replace('http', 'ws', 1)}/stream/jobs/{job_id}"
        stream = WebSocket()
        stream.settimeout(30)
        try:
            stream.connect(url, header=self.headers)
        except BaseException:
            stream.shutdown()
            raise
        return stream

    def wait(self, job_id: str) -> dict[str, Any]:
        """Wait on the stream of a job until it ends, and return the job."""
        read_stream(self.listen(job_id))
        return self.get(f"/jobs/{job_id}")  # type: ignore[no-any-return]


def read_stream(stream: WebSocket) -> tuple[list[str], int]:
    """Return the messages of a stream until it closes, and its close code."""
    texts: list[Any] = []
    while True:
        opcode, data = stream.recv_data()
        if opcode == 8:
            stream.shutdown()  # `close` leaves the socket open once the server has closed.
            return texts, int.from_bytes(data[:2], "big")
        texts.append(data.decode())


@pytest.fixture(scope="session")
def thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    for server in STOPPING:
        server.stop()
    thread.close()


@pytest.fixture
def executor() -> ScriptedExecutor:
    return ScriptedExecutor()


@pytest.fixture
def serve(
    thread: LoopThread, executor: ScriptedExecutor
) -> Iterator[Callable[..., BackgroundServer]]:
    """Start servers that stop after the test."""
    servers: list[BackgroundServer] = []

    def start(faults: Faults | None = None, **settings: Any) -> BackgroundServer:
        settings.setdefault("users", (User("alice", TOKEN), User("bob", "secret-of-bob")))
        made = replace(Settings(), **settings)
        executor.capacity = made.workers
        build = partial(create_app, made, executor, wrap=(faults or Faults()).around)
        servers.append(BackgroundServer(thread, made, build=build))
        return servers[-1]

    yield start
    for server in servers:
        server.request_stop()
    # A server takes a fifth of a second to stop; let them all stop concurrently.
    STOPPING.extend(servers)


@pytest.fixture
def server(serve: Callable[..., BackgroundServer]) -> BackgroundServer:
    return serve()


@pytest.fixture(scope="session")
def shared_client(thread: LoopThread) -> Iterator[Client]:
    """Client of a shared server, for tests that leave nothing behind."""
    settings = Settings(users=(User("alice", TOKEN),))
    server = BackgroundServer(thread, settings, ScriptedExecutor())
    yield quantum_client(server)
    server.stop()


def quantum_client(server: BackgroundServer, token: str = TOKEN) -> Client:
    """Return a logged-in client of the quantum channel."""
    answer = requests.post(
        f"{server.url}/api/users/loginWithToken", json={"apiToken": token}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    return Client(server, {"X-Access-Token": answer.json()["id"]}, "/runtime")


def cloud_client(server: BackgroundServer, token: str = TOKEN, crn: str = CRN) -> Client:
    """Return a client of the cloud channel."""
    return Client(server, {"Service-CRN": crn, "Authorization": f"apikey {token}"}, "")


@pytest.fixture
def alice(server: BackgroundServer) -> Client:
    return quantum_client(server)


@pytest.fixture
def bob(server: BackgroundServer) -> Client:
    return quantum_client(server, "secret-of-bob")


@pytest.fixture(params=["quantum", "cloud"])
def any_client(request: pytest.FixtureRequest, server: BackgroundServer) -> Client:
    """Client of the same user on each channel."""
    return quantum_client(server) if request.param == "quantum" else cloud_client(server)
