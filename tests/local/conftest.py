"""Servers for the tests of this room: real sockets, and jobs that do as they are told."""

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
from qiskit_ibm_runtime.local.faults import Faults
from qiskit_ibm_runtime.local.serving.loop_thread import BackgroundServer, LoopThread
from qiskit_ibm_runtime.local.settings import Settings, User

TOKEN = "secret-of-alice"
ENDING: list[BackgroundServer] = []
SIMULATOR = "ibmq_qasm_simulator"
CRN = "crn:v1:bluemix:public:quantum-computing:local:a/embedded:embedded::"


class Obedient:
    """An executor whose jobs do what their inputs say: publish, wait, return, fail."""

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
        """Nothing to end."""

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
        """Let the jobs behind this gate go on."""
        assert self.loop is not None
        self.loop.call_soon_threadsafe(lambda: self._gates.setdefault(gate, asyncio.Event()).set())

    def wait_for(self, count: int) -> None:
        """Wait until so many jobs have begun."""
        with self._begun:
            assert self._begun.wait_for(lambda: len(self.begun) >= count, 30)

    def names(self) -> list[str]:
        """The inputs called ``name`` of the jobs that began, in order."""
        return [json.loads(work["params"]).get("name") for work in self.begun]


class Client:
    """One user's view of a server, without any client of ours in between."""

    def __init__(self, server: BackgroundServer, headers: dict[str, str], face: str) -> None:
        self.server, self.headers = server, headers
        self.root = f"{server.url}{face}"

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
        """Wait for the end of a job by its stream, and return the job."""
        everything(self.listen(job_id))
        return self.get(f"/jobs/{job_id}")  # type: ignore[no-any-return]


def everything(stream: WebSocket) -> tuple[list[str], int]:
    """What a stream says until it is closed, and the code with which it is."""
    texts = []
    while True:
        opcode, data = stream.recv_data()
        if opcode == 8:
            stream.shutdown()  # `close` leaves the socket open once the server has closed.
            return texts, int.from_bytes(data[:2], "big")
        texts.append(data.decode())


@pytest.fixture(scope="session")
def background() -> Iterator[LoopThread]:
    background = LoopThread()
    yield background
    for server in ENDING:
        server.stop()
    background.close()


@pytest.fixture
def executor() -> Obedient:
    return Obedient()


@pytest.fixture
def serve(background: LoopThread, executor: Obedient) -> Iterator[Callable[..., BackgroundServer]]:
    """Start servers that end with the test."""
    servers: list[BackgroundServer] = []

    def start(faults: Faults | None = None, **settings: Any) -> BackgroundServer:
        settings.setdefault("users", (User("alice", TOKEN), User("bob", "secret-of-bob")))
        made = replace(Settings(), **settings)
        executor.capacity = made.workers
        build = partial(create_app, made, executor, faults=faults)
        servers.append(BackgroundServer(background, made, build=build))
        return servers[-1]

    yield start
    for server in servers:
        server.request_stop()
    # A server takes a fifth of a second to end; a hundred of them end side by side.
    ENDING.extend(servers)


@pytest.fixture
def server(serve: Callable[..., BackgroundServer]) -> BackgroundServer:
    return serve()


@pytest.fixture(scope="session")
def refusing(background: LoopThread) -> Iterator[Client]:
    """A client of one server for all tests that leave nothing behind."""
    settings = Settings(users=(User("alice", TOKEN),))
    server = BackgroundServer(background, settings, Obedient())
    yield quantum(server)
    server.stop()


def quantum(server: BackgroundServer, token: str = TOKEN) -> Client:
    """A client of the quantum face, logged in."""
    answer = requests.post(
        f"{server.url}/api/users/loginWithToken", json={"apiToken": token}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    return Client(server, {"X-Access-Token": answer.json()["id"]}, "/runtime")


def cloud(server: BackgroundServer, token: str = TOKEN, crn: str = CRN) -> Client:
    """A client of the cloud face."""
    return Client(server, {"Service-CRN": crn, "Authorization": f"apikey {token}"}, "")


@pytest.fixture
def alice(server: BackgroundServer) -> Client:
    return quantum(server)


@pytest.fixture
def bob(server: BackgroundServer) -> Client:
    return quantum(server, "secret-of-bob")


@pytest.fixture(params=["quantum", "cloud"])
def either(request: pytest.FixtureRequest, server: BackgroundServer) -> Client:
    """The same user on each face."""
    return quantum(server) if request.param == "quantum" else cloud(server)
