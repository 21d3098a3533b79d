"""ASGI application of the embedded runtime."""

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
from .execution.executor import SplittingExecutor
from .execution.workers import WorkerPool
from .page.access import Access
from .page.handlers import Page
from .page.pictures import Pictures
from .platform import routes as platform
from .protocol.host_check import HostCheck
from .protocol.responses import (
    INTERNAL,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    NOT_STORED,
    RequestError,
    error_response,
)
from .runtime import Runtime
from .settings import SettingsError
from .storage.disk import WriteError
from .storage.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp
    from starlette.websockets import WebSocket

    from .endpoints.endpoint import Endpoint
    from .execution.executor import Executor
    from .settings import Settings

logger = logging.getLogger(__name__)
_PURGE_SECONDS = 3600.0


def create_app(
    settings: Settings,
    executor: Executor | None = None,
    access: Access | None = None,
    wrap: Callable[[ASGIApp, Callable[[], None]], ASGIApp] | None = None,
) -> ASGIApp:
    """Build the application.

    Args:
        settings: Settings of the server.
        executor: Runs the jobs, started or not; worker processes by default.
        access: Access control of the web page; by default no codes are issued yet.
        wrap: Adds middleware around the application; also takes the function that invalidates all
            access tokens. None by default.

    Raises:
        SettingsError: If the settings or the data folder cannot be used.
    """
    store = Store(settings.data)
    try:
        runtime = Runtime(settings, store, executor or make_executor(settings))
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
        purging = asyncio.create_task(_purge_periodically(runtime))
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
            RequestError: _request_error,
            WriteError: _write_error,
            HTTPException: _routing_error,
            Exception: _internal_error,
        },
    )
    application.router.redirect_slashes = False  # HostCheck strips trailing slashes
    checked = HostCheck(application, settings)
    return checked if wrap is None else wrap(checked, runtime.authenticator.expire_tokens)


def make_executor(settings: Settings) -> Executor:
    """Create the executor that the settings describe, without starting it.

    Raises:
        SettingsError: If the address of a Dask scheduler is missing.
    """
    if settings.executor == "process":
        return SplittingExecutor(WorkerPool(settings.workers, settings.worker_memory))
    if not settings.scheduler:
        raise SettingsError("The dask executor requires the address of a scheduler.")
    from .execution.dask_executor import DaskExecutor

    return SplittingExecutor(DaskExecutor(settings.scheduler, settings.worker_memory))


async def _purge_periodically(runtime: Runtime) -> None:
    while True:
        try:
            removed = runtime.purge()
        except WriteError as error:
            logger.warning("Could not delete old jobs: %s.", error)
        else:
            logger.info("Deleted %d jobs older than the retention time.", removed)
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
        # Starlette adds HEAD to every GET route, and uvicorn omits the body.
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method].call(runtime, request)

    return Route(path, handle, methods=list(endpoints))


async def _request_error(request: Request, error: Any) -> Response:
    return error_response(error, request.url.path)


async def _routing_error(request: Request, error: Any) -> Response:
    """Answer unknown paths and methods, without authentication."""
    code = METHOD_NOT_ALLOWED if error.status_code == 405 else NOT_FOUND
    text = f"{request.method} {request.url.path}: {error.detail}"
    return error_response(
        RequestError(error.status_code, code, text, "", dict(error.headers or {}))
    )


async def _write_error(request: Request, error: Any) -> Response:
    message = f"The server cannot store anything at the moment: {error}."
    advice = "Free disk space on the server, then send the request again."
    return error_response(RequestError(507, NOT_STORED, message, advice), request.url.path)


async def _internal_error(request: Request, error: Exception) -> Response:
    # Starlette logs the traceback; details must not reach the client.
    return error_response(
        RequestError(500, INTERNAL, "Internal server error; see the log of the server.")
    )
