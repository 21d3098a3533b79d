"""A small loopback service that speaks the classic protocol and records everything."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from qiskit_ibm_runtime.testing.faults import Fault, FaultMiddleware, Faults

API_TOKEN = "planted-api-token-0001"


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    peer: tuple[str, int]


@dataclass
class Service:
    """State of the stand-in; tests change it while it runs."""

    honors_keys: bool = False
    api_token: str = API_TOKEN
    access_token: str = "planted-access-token-0"
    listing_lags: int = 0
    clock_ahead: timedelta = timedelta(0)
    redirect_to: str = ""
    redirect_status: int = 302
    faults: Faults = field(default_factory=Faults)
    seen: list[Seen] = field(default_factory=list)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    logins: int = 0
    base: str = ""
    stored: bytes = b'{"stored": true}'

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.keys: dict[str, str] = {}

    def reset(self) -> None:
        """Reset the state, keeping the URL."""
        fresh = Service(base=self.base, faults=self.faults)
        fresh.faults.replace([])
        vars(self).clear()
        vars(self).update(vars(fresh))

    @property
    def url(self) -> str:
        """URL of the authentication service."""
        return f"{self.base}/api"

    @property
    def runtime(self) -> str:
        """URL of the runtime."""
        return f"{self.base}/runtime"

    def fail(self, *faults: Fault, seed: int = 0) -> None:
        """Inject these faults from now on."""
        self.faults.replace(list(faults), seed)

    def asked(self, method: str, path: str) -> list[Seen]:
        """Return the requests received for a path, including those hit by a fault."""
        return [seen for seen in self.seen if (seen.method, seen.path) == (method, path)]

    def expire(self) -> None:
        """Invalidate the current access token."""
        with self.lock:
            self.access_token = f"planted-access-token-{self.logins}-expired-{time.time_ns()}"

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self.clock_ahead

    def add_job(self, body: dict[str, Any]) -> str:
        with self.lock:
            job_id = f"job-{len(self.jobs):06}"
            self.jobs[job_id] = {
                "id": job_id,
                "backend": body.get("backend", "a-device"),
                "program": {"id": body["program_id"]},
                "params": body["params"],
                "tags": body.get("tags") or [],
                "session_id": body.get("session_id"),
                "created": self.now().isoformat().replace("+00:00", "Z"),
                "state": {"status": "Queued", "reason": ""},
            }
        return job_id

    def admitted(self, request: Request) -> bool:
        token = request.headers.get("x-access-token")
        return token == self.access_token or self.api_token in request.headers.get(
            "authorization", ""
        )

    async def login(self, request: Request) -> Response:
        body = await request.json()
        if body.get("apiToken") != self.api_token:
            error = {"status": 401, "name": "Error", "message": "Login failed.", "code": 3446}
            return JSONResponse({"error": error}, 401)
        with self.lock:
            self.logins += 1
            self.access_token = f"planted-access-token-{self.logins}"
        return JSONResponse({"id": self.access_token})

    async def me(self, request: Request) -> Response:
        urls = {"http": self.url, "services": {"runtime": self.runtime}}
        return JSONResponse({"urls": urls})

    async def network(self, request: Request) -> Response:
        project = {"main": {"isDefault": True}}
        return JSONResponse([{"name": "hub", "groups": {"group": {"projects": project}}}])

    async def submit(self, request: Request) -> Response:
        body = await request.json()
        key = request.headers.get("idempotency-key")
        headers = {"Idempotency-Key": key} if key and self.honors_keys else {}
        with self.lock:
            known = self.keys.get(key or "") if self.honors_keys else None
        job_id = known or self.add_job(body)
        if key and self.honors_keys:
            with self.lock:
                self.keys[key] = job_id
        return JSONResponse(
            {"id": job_id, "backend": self.jobs[job_id]["backend"]}, headers=headers
        )

    async def list_jobs(self, request: Request) -> Response:
        query = request.query_params
        key = request.headers.get("idempotency-key")
        headers = {"Idempotency-Key": key} if key and self.honors_keys else {}
        with self.lock:
            found = [] if self.listing_lags > 0 else list(self.jobs.values())[::-1]
            self.listing_lags -= 1
        if "program" in query:
            found = [job for job in found if job["program"]["id"] == query["program"]]
        limit, offset = int(query.get("limit", 10)), int(query.get("offset", 0))
        headers["Date"] = format_datetime(self.now(), usegmt=True)
        return JSONResponse(
            {"jobs": found[offset : offset + limit], "count": len(found)}, headers=headers
        )

    async def job(self, request: Request) -> Response:
        job_id = request.path_params["id"]
        job = self.jobs.get(job_id)
        if job is None:
            error = {"code": 1291, "message": f"Job not found. Job ID: {job_id}", "solution": ""}
            return JSONResponse({"errors": [error], "trace": "trace-1291"}, 404)
        if request.method == "DELETE":
            with self.lock:
                self.jobs.pop(job_id, None)
            return Response(status_code=204)
        if request.path_params.get("what") == "cancel":
            if job["state"]["status"] != "Queued":
                return JSONResponse({"errors": [{"code": 1297, "message": "Already final."}]}, 409)
            job["state"] = {"status": "Cancelled", "reason": ""}
            return Response(status_code=204)
        if request.path_params.get("what") == "results":
            return PlainTextResponse(f'{{"result of": "{job_id}"}}')
        return JSONResponse(job)

    async def redirect(self, request: Request) -> Response:
        return RedirectResponse(self.redirect_to, self.redirect_status)

    async def echo(self, request: Request) -> Response:
        await request.body()
        return JSONResponse({"headers": dict(request.headers), "query": str(request.url.query)})

    async def store(self, request: Request) -> Response:
        return Response(self.stored)

    def app(self) -> Any:
        def guarded(endpoint: Any) -> Any:
            async def call(request: Request) -> Response:
                if not self.admitted(request):
                    error = {"code": 1201, "message": "Invalid credentials."}
                    return JSONResponse({"errors": [error], "trace": "trace-1201"}, 401)
                return await endpoint(request)

            return call

        async def version(request: Request) -> Response:
            return JSONResponse({"api-auth": "0.1"})

        async def backends(request: Request) -> Response:
            return JSONResponse({"devices": ["a-device"]})

        async def properties(request: Request) -> Response:
            return JSONResponse({})

        every = ["GET", "POST", "PUT", "DELETE", "PATCH"]
        app = Starlette(
            routes=[
                Route("/api/version", version),
                Route("/api/users/loginWithToken", self.login, methods=["POST"]),
                Route("/api/users/me", guarded(self.me)),
                Route("/api/Network", guarded(self.network)),
                Route("/runtime/backends", guarded(backends)),
                Route("/runtime/backends/{name}/properties", guarded(properties)),
                Route("/runtime/jobs", guarded(self.submit), methods=["POST"]),
                Route("/runtime/jobs", guarded(self.list_jobs)),
                Route("/runtime/jobs/{id}", guarded(self.job), methods=["GET", "DELETE"]),
                Route("/runtime/jobs/{id}/{what}", guarded(self.job), methods=["GET", "POST"]),
                Route("/redirect", self.redirect, methods=every),
                Route("/echo", self.echo, methods=every),
                Route("/stored", self.store),
            ]
        )
        return self.recorded(FaultMiddleware(app, self.faults, self.expire))

    def recorded(self, app: Any) -> Any:
        async def call(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            headers = {name.decode(): value.decode("latin1") for name, value in scope["headers"]}
            seen = Seen(
                scope["method"],
                scope["path"],
                scope["query_string"].decode(),
                headers,
                b"",
                tuple(scope["client"]),
            )
            self.seen.append(seen)

            async def received() -> Any:
                message = await receive()
                seen.body += message.get("body", b"")
                return message

            await app(scope, received, send)

        return call


@contextmanager
def running(app: Any, **options: Any) -> Iterator[str]:
    """Serve an ASGI application on loopback in a thread, and yield its URL."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    options = {"log_level": "critical", "lifespan": "off", "date_header": False, **options}
    config = uvicorn.Config(app, ws="websockets-sansio", **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("The stand-in did not start.")
        thread.join(0.005)
    scheme = "https" if config.is_ssl else "http"
    try:
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)
        listener.close()


@contextmanager
def service(**settings: Any) -> Iterator[Service]:
    """Run a stand-in."""
    state = Service(**settings)
    with running(state.app()) as state.base:
        yield state
