"""The embedded runtime as an ASGI application: the classic protocol of Qiskit Runtime."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route, WebSocketRoute

from .endpoints.routes import RUNTIME_ROOTS, by_path
from .endpoints.stream import STREAM_PATH, stream
from .execution import executors
from .faults import FaultMiddleware
from .page.access import Access
from .page.handlers import Page
from .page.pictures import Pictures
from .platform import routes as platform
from .protocol.answers import error_answer
from .protocol.errors import INTERNAL, METHOD_NOT_ALLOWED, NOT_FOUND, NOT_STORED, Refused
from .protocol.guard import Guard
from .protocol.identity import Caller
from .runtime import Runtime
from .settings import SettingsError
from .storage.disk import WriteError
from .storage.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp
    from starlette.websockets import WebSocket

    from .endpoints.endpoint import Endpoint
    from .execution.executor import Executor
    from .faults import Faults
    from .settings import Settings

logger = logging.getLogger(__name__)
NOBODY = Caller("")
_PURGE_SECONDS = 3600.0


def create_app(
    settings: Settings,
    executor: Executor | None = None,
    access: Access | None = None,
    faults: Faults | None = None,
) -> ASGIApp:
    """Build the application.

    Args:
        settings: How it is set up.
        executor: What runs jobs, already started or not; worker processes by default.
        access: Who may look at its page; nobody yet by default.
        faults: What fails on demand; nothing by default.

    Raises:
        SettingsError: If it cannot be set up so.
    """
    store = Store(settings.data)
    try:
        runtime = Runtime(settings, store, executor or _executor(settings))
        runtime.scheduler.recover()
    except (WriteError, sqlite3.Error) as error:
        store.close()
        raise SettingsError(f"The data in {store.folder} cannot be used: {error}") from error
    except BaseException:
        store.close()
        raise

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            await runtime.executor.start()
        except BaseException:
            store.close()
            raise
        runtime.scheduler.resume()
        purging = asyncio.create_task(_purge_now_and_then(runtime))
        try:
            yield
        finally:
            purging.cancel()
            await runtime.scheduler.stop(0 if store.is_temporary else settings.grace_seconds)
            await runtime.executor.stop()
            store.close()

    application = Starlette(
        routes=[*_routes(runtime), *_page(runtime, access or Access())],
        lifespan=lifespan,
        exception_handlers={
            Refused: _refused,
            WriteError: _not_stored,
            HTTPException: _not_served,
            Exception: _failed,
        },
    )
    application.router.redirect_slashes = False  # the guard has taken it off
    guarded = Guard(application, settings)
    if faults is None:
        return guarded
    return FaultMiddleware(guarded, faults, runtime.doorkeeper.expire_tokens)


def _executor(settings: Settings) -> Executor:
    try:
        return executors.create(
            settings.executor, settings.workers, settings.scheduler, settings.worker_memory
        )
    except (ValueError, ImportError) as error:
        raise SettingsError(str(error)) from error


async def _purge_now_and_then(runtime: Runtime) -> None:
    while True:
        try:
            removed = runtime.purge()
        except WriteError as error:
            logger.warning("Old jobs could not be removed: %s.", error)
        else:
            logger.info("Removed %d jobs that ended before the retention time.", removed)
        await asyncio.sleep(_PURGE_SECONDS)


def _routes(runtime: Runtime) -> list[Route | WebSocketRoute]:
    async def follow(socket: WebSocket) -> None:
        await stream(runtime, socket)

    return [
        *(
            _route(runtime, path, endpoints)
            for path, endpoints in (*by_path().items(), *platform.by_path().items())
        ),
        *(WebSocketRoute(root + STREAM_PATH, follow) for root in RUNTIME_ROOTS),
    ]


def _page(runtime: Runtime, access: Access) -> list[Route]:
    if not runtime.settings.shows_page:
        return []
    return Page(runtime, access, Pictures(runtime.store, runtime.executor)).routes()


def _route(runtime: Runtime, path: str, endpoints: Mapping[str, Endpoint]) -> Route:
    async def handle(request: Request) -> Response:
        # Where there is a GET there is a HEAD; the server leaves its body out.
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method].call(runtime, request, NOBODY)

    return Route(path, handle, methods=list(endpoints))


async def _refused(request: Request, refused: Any) -> Response:
    return error_answer(refused, request.url.path)


async def _not_served(request: Request, error: Any) -> Response:
    """What no route takes: unknown paths are unknown before anybody is asked who they are."""
    code = METHOD_NOT_ALLOWED if error.status_code == 405 else NOT_FOUND
    text = f"{request.method} {request.url.path}: {error.detail}"
    return error_answer(Refused(error.status_code, code, text, "", dict(error.headers or {})))


async def _not_stored(request: Request, error: Any) -> Response:
    message = f"The server cannot store anything at the moment: {error}."
    advice = "Free space on the server's disk, then send the request again."
    return error_answer(Refused(507, NOT_STORED, message, advice), request.url.path)


async def _failed(request: Request, error: Exception) -> Response:
    # Starlette logs the traceback; what went wrong inside is not for the client's eyes.
    return error_answer(Refused(500, INTERNAL, "The server failed; its log says why."))
