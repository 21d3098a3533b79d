"""The embedded runtime as an ASGI application: the classic protocol of Qiskit Runtime."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import defaultdict
from contextlib import asynccontextmanager
from datetime import datetime
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from . import devices
from .faults import FaultMiddleware, Faults
from .store import FINAL, Job
from .workers import WorkerPool

if TYPE_CHECKING:
    from starlette.requests import Request

HGP = ("ibm-q", "open", "main")


def error(status: int, code: int, message: str) -> JSONResponse:
    body = {
        "errors": [{"code": code, "message": message, "solution": "", "more_info": ""}],
        "trace": secrets.token_hex(8),
    }
    return JSONResponse(body, status)


class Runtime:
    """State and endpoints of one server."""

    def __init__(self, token: str, workers: int) -> None:
        self.token, self.access = token, secrets.token_urlsafe(24)
        self.pool = WorkerPool(workers)
        self.jobs: dict[str, Job] = {}
        self.keys: dict[str, str] = {}
        self.closed: set[str] = set()
        self.queues: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def expire_tokens(self) -> None:
        """Make the access tokens in use invalid; the next log-in gives a new one."""
        self.access = secrets.token_urlsafe(24)

    def admitted(self, headers: Any) -> bool:
        given = headers.get("x-access-token", "")
        bearer = headers.get("authorization", "")
        return compare_digest(given, self.access) or compare_digest(bearer, f"apikey {self.token}")

    def guarded(self, endpoint: Any) -> Any:
        async def call(request: Request) -> Response:
            if not self.admitted(request.headers):
                return error(401, 1201, "Invalid credentials.")
            return await endpoint(request)  # type: ignore[no-any-return]

        return call

    async def version(self, request: Request) -> Response:
        return JSONResponse({"api-auth": "0.1.0", "api-app": "embedded"})

    async def login(self, request: Request) -> Response:
        body = await request.json()
        if not compare_digest(str(body.get("apiToken", "")), self.token):
            return JSONResponse(
                {
                    "error": {
                        "status": 401,
                        "name": "Error",
                        "message": "Login failed.",
                        "code": 3446,
                    }
                },
                401,
            )
        return JSONResponse({"id": self.access, "ttl": 1209600, "userId": "local"})

    async def me(self, request: Request) -> Response:
        base = str(request.base_url).rstrip("/")
        return JSONResponse(
            {
                "id": "local",
                "urls": {
                    "http": f"{base}/api",
                    "ws": base.replace("http", "ws", 1),
                    "services": {"runtime": f"{base}/runtime"},
                },
            }
        )

    async def network(self, request: Request) -> Response:
        hub, group, project = HGP
        return JSONResponse(
            [{"name": hub, "groups": {group: {"projects": {project: {"isDefault": True}}}}}]
        )

    async def backends(self, request: Request) -> Response:
        return JSONResponse({"devices": list(devices.names())})

    async def backend(self, request: Request) -> Response:
        name, kind = request.path_params["name"], request.path_params["kind"]
        if name not in devices.names():
            return error(404, 1216, f"Backend not found: {name}")
        if kind == "configuration":
            return JSONResponse(devices.configuration(name))
        if kind == "properties":
            return JSONResponse(devices.properties(name))
        if kind == "defaults":
            return JSONResponse(devices.defaults(name))
        waiting = sum(j.backend == name and j.status not in FINAL for j in self.jobs.values())
        return JSONResponse(
            {
                "state": True,
                "status": "active",
                "message": "available",
                "length_queue": waiting,
                "backend_version": devices.configuration(name)["backend_version"],
            }
        )

    async def submit(self, request: Request) -> Response:
        key = request.headers.get("idempotency-key")
        headers = {"Idempotency-Key": key} if key else {}
        if key and key in self.keys:
            job = self.jobs[self.keys[key]]
            return JSONResponse({"id": job.id, "backend": job.backend}, headers=headers)
        body = json.loads(await request.body())
        name = body.get("backend") or "ibmq_qasm_simulator"
        if name not in devices.names():
            return error(400, 1208, f"Unknown backend {name}")
        if body["program_id"] not in ("sampler", "estimator", "hello-world"):
            return error(404, 1220, f"Program not found: {body['program_id']}")
        if body.get("session_id") in self.closed:
            return error(400, 4001, "The session is closed.")
        job = Job(body, name)
        self.jobs[job.id] = job
        if key:
            self.keys[key] = job.id
        job.task = asyncio.create_task(self.execute(job))
        return JSONResponse({"id": job.id, "backend": name}, headers=headers)

    async def execute(self, job: Job) -> None:
        async with self.queues[job.backend]:
            job.status = "Running"
            from .store import now

            job.running = now()
            backend = {
                "configuration": devices.configuration(job.backend),
                "properties": devices.properties(job.backend),
            }

            def publish(text: str) -> None:
                job.messages.append(text)
                job.notify()

            work = {
                "program": job.request["program_id"],
                "params": json.dumps(job.request.get("params", {})),
                "backend": backend,
            }
            try:
                outcome = await asyncio.wait_for(
                    self.pool.run(work, publish), job.request.get("cost")
                )
            except asyncio.TimeoutError:
                job.end("Cancelled", "Ran too long")
                return
            job.log = outcome.log
            if job.status not in FINAL:
                job.end("Completed" if outcome.succeeded else "Failed", result=outcome.text)

    async def list_jobs(self, request: Request) -> Response:
        query = request.query_params
        found = sorted(self.jobs.values(), key=lambda j: j.id, reverse=query.get("sort") != "ASC")
        tests = {
            "backend": lambda j, v: j.backend == v,
            "pending": lambda j, v: (j.status not in FINAL) == (v == "true"),
            "program": lambda j, v: j.request["program_id"] == v,
            "session_id": lambda j, v: j.session_id == v,
            "provider": lambda j, v: (
                "/".join(str(j.request.get(k)) for k in ("hub", "group", "project")) == v
            ),
            "created_after": lambda j, v: _when(j.created) >= _when(v),
            "created_before": lambda j, v: _when(j.created) <= _when(v),
        }
        for key, test in tests.items():
            if key in query:
                found = [j for j in found if test(j, query[key])]
        tags = set(query.getlist("tags"))
        found = [j for j in found if tags <= set(j.request.get("tags") or [])]
        limit, offset = int(query.get("limit", 10)), int(query.get("offset", 0))
        page = [j.record() for j in found[offset : offset + limit]]
        # Whoever looks for a job of a submit learns here, too, that keys are honoured.
        key = request.headers.get("idempotency-key")
        return JSONResponse(
            {"jobs": page, "count": len(found), "limit": limit, "offset": offset},
            headers={"Idempotency-Key": key} if key else {},
        )

    async def job(self, request: Request) -> Response:
        job = self.jobs.get(request.path_params["id"])
        if job is None:
            return error(404, 1291, f"Job not found. Job ID: {request.path_params['id']}")
        what = request.path_params.get("what")
        if request.method == "DELETE":
            del self.jobs[job.id]
            return Response(status_code=204)
        if what is None:
            return JSONResponse(job.record(request.query_params.get("exclude_params") != "true"))
        if what == "cancel":
            if job.status in FINAL:
                return error(409, 1297, "Job is in a final state already.")
            job.end("Cancelled")
            job.task.cancel()
            return Response(status_code=204)
        if what == "results":
            return PlainTextResponse(job.result or "")
        if what == "interim_results":
            return PlainTextResponse(json.dumps(job.messages))
        if what == "logs":
            return PlainTextResponse(job.log)
        return JSONResponse(
            {
                "timestamps": {
                    "created": job.created,
                    "running": job.running,
                    "finished": job.finished,
                },
                "qiskit_version": "local",
                "bss": {"seconds": 0},
            }
        )

    async def close_session(self, request: Request) -> Response:
        self.closed.add(request.path_params["id"])
        return Response(status_code=204)

    async def stream(self, socket: WebSocket) -> None:
        job = self.jobs.get(socket.path_params["id"])
        if not self.admitted(socket.headers) or job is None:
            await socket.close()
            return
        await socket.accept()
        try:
            await socket.send_text("ACK")
            sent = 0
            while True:
                changed = job.changed
                while sent < len(job.messages):
                    await socket.send_text(job.messages[sent])
                    sent += 1
                if job.status in FINAL:
                    if job.status == "Completed" and job.result is not None:
                        await socket.send_text(job.result)
                    break
                await changed.wait()
            await socket.close(1000)
        except (WebSocketDisconnect, RuntimeError):
            return


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00").replace(" ", "+"))


def create_app(token: str, workers: int = 2, faults: Faults | None = None) -> Any:
    """The application for one token; with faults, one that carries them out."""
    runtime = Runtime(token, workers)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> Any:
        await runtime.pool.start()
        yield
        await runtime.pool.stop()

    guarded = runtime.guarded
    app = Starlette(
        routes=[
            Route("/api/version", runtime.version),
            Route("/api/users/loginWithToken", runtime.login, methods=["POST"]),
            Route("/api/users/me", guarded(runtime.me)),
            Route("/api/Network", guarded(runtime.network)),
            Route("/runtime/backends", guarded(runtime.backends)),
            Route("/runtime/backends/{name}/{kind}", guarded(runtime.backend)),
            Route("/runtime/jobs", guarded(runtime.submit), methods=["POST"]),
            Route("/runtime/jobs", guarded(runtime.list_jobs)),
            Route("/runtime/jobs/{id}", guarded(runtime.job), methods=["GET", "DELETE"]),
            Route("/runtime/jobs/{id}/{what}", guarded(runtime.job), methods=["GET", "POST"]),
            Route(
                "/runtime/sessions/{id}/close", guarded(runtime.close_session), methods=["DELETE"]
            ),
            WebSocketRoute("/runtime/stream/jobs/{id}", runtime.stream),
        ],
        lifespan=lifespan,
    )
    return app if faults is None else FaultMiddleware(app, faults, runtime.expire_tokens)
