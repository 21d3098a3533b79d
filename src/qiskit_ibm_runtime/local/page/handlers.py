"""Request handlers of the page, with authentication."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from qiskit_ibm_runtime.local.storage.job_records import Filter, Job

from . import contents
from .access import Access, Visit, is_own_form

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from jinja2 import Environment
    from starlette.requests import Request

    from qiskit_ibm_runtime.local.runtime import Runtime

    from .pictures import Pictures

    Handler = Callable[[Request, Visit], Awaitable[Response]]

ROOT = "/page"
INSTALL = (
    "The page of the embedded runtime needs Jinja2, Matplotlib and pylatexenc. Install the "
    "package with its extra: python -m pip install '.[page]' in its folder, or "
    "'PATH_OF_THE_WHEEL[page]'."
)
_FILES = Path(__file__).parent
_STATIC = {"page.css": "text/css", "page.js": "text/javascript", "page.svg": "image/svg+xml"}
_LARGEST_FORM = 4096
_MOST_STREAMS = 32
_POLL_SECONDS = 0.5
_POLLS_BETWEEN_COMMENTS = 30
# Nothing loads from other hosts, no script or style is inline, and no other site can frame the
# page. With the policy "no-referrer", browsers would send "Origin: null" with our own forms.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# An SVG needs inline styles and must run no scripts.
_PICTURE = {
    **_HEADERS,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cache-Control": "private, max-age=3600",
}


def is_possible() -> bool:
    """Whether the libraries of the page, which are an extra, are installed."""
    return find_spec("jinja2") is not None


@dataclass
class Page:
    """Page of one runtime.

    Attributes:
        runtime: Source of what is shown.
        access: Page sessions.
        pictures: Renderer of circuits and results.
    """

    runtime: Runtime
    access: Access
    pictures: Pictures
    streams: int = field(default=0, init=False)

    def routes(self) -> list[Route]:
        for_sessions: dict[str, tuple[str, Handler]] = {
            "/jobs": ("GET", self.jobs),
            "/jobs/{id}": ("GET", self.job),
            "/jobs/{id}/inputs": ("GET", self.raw),
            "/jobs/{id}/log": ("GET", self.raw),
            "/jobs/{id}/result": ("GET", self.raw),
            "/jobs/{id}/circuits.svg": ("GET", self.picture),
            "/jobs/{id}/result.svg": ("GET", self.picture),
            "/jobs/{id}/cancel": ("POST", self.cancel),
            "/sessions": ("GET", self.sessions),
            "/programs": ("GET", self.programs),
            "/events": ("GET", self.events),
            "/leave": ("POST", self.leave),
        }
        return [
            Route("/", self.at_the_root),
            Route(ROOT, self.entrance),
            Route(f"{ROOT}/codes", self.codes, methods=["POST"]),
            Route(f"{ROOT}/static/{{name}}", self.static),
            *(
                Route(ROOT + path, self._for_visitors(handler), methods=[method])
                for path, (method, handler) in for_sessions.items()
            ),
        ]

    async def at_the_root(self, request: Request) -> Response:
        """Redirect from the root of the server to the page."""
        return self._redirect(f"{ROOT}?{request.url.query}" if request.url.query else ROOT)

    async def entrance(self, request: Request) -> Response:
        """Exchange a one-time code for a session, or show the overview to a session."""
        code = request.query_params.get("code")
        if code is not None and request.method == "GET":
            cookie = self.access.redeem(code)
            answer = self._redirect(ROOT)
            if cookie is not None:
                answer.set_cookie(
                    _cookie_name(request),
                    cookie,
                    httponly=True,
                    samesite="lax",
                    secure=self.runtime.settings.tls,
                    path=f"{self._prefix}{ROOT}",
                )
            return answer
        return await self._for_visitors(self.overview)(request)

    async def codes(self, request: Request) -> Response:
        """Issue a new one-time URL to the owner of an API token."""
        try:
            token = json.loads(await _body(request))["apiToken"]
        except (ValueError, TypeError, KeyError):
            token = None
        user = self.runtime.authenticator.find_user(token) if isinstance(token, str) else None
        if user is None:
            return Response("Unknown API token.", 401, _HEADERS, "text/plain")
        if not is_possible():
            return Response(INSTALL, 501, _HEADERS, "text/plain")
        address = f"{self._prefix}{ROOT}?code={self.access.code_for(user.name)}"
        return Response(address, 200, _HEADERS, "text/plain")

    async def static(self, request: Request) -> Response:
        """Return the style sheet or the script."""
        kind = _STATIC.get(request.path_params["name"])
        if kind is None:
            return PlainTextResponse("File not found.", 404, _HEADERS)
        data = (_FILES / "static" / request.path_params["name"]).read_bytes()
        return Response(data, 200, {**_HEADERS, "Cache-Control": "no-cache"}, kind)

    async def overview(self, request: Request, visit: Visit) -> Response:
        """Show backends and the latest jobs."""
        return self._shown(
            "overview.html",
            visit,
            backends=contents.backends(self.runtime, visit.user),
            jobs=contents.jobs(self.runtime, visit.user, Filter()),
        )

    async def jobs(self, request: Request, visit: Visit) -> Response:
        """Show the jobs that match a filter."""
        given = {
            name: request.query_params.get(name, "").strip()
            for name in ("status", "backend", "program", "session", "text")
        }
        number = request.query_params.get("number", "1")
        page = min(10**6, int(number)) if number.isdecimal() and number.isascii() else 1
        asked: dict[str, Any] = {name: value or None for name, value in given.items()}
        wanted = Filter(**asked)
        return self._shown(
            "jobs.html",
            visit,
            jobs=contents.jobs(self.runtime, visit.user, wanted, max(1, page)),
            given=given,
            states=contents.STATES,
            backends=sorted(one.name for one in contents.backends(self.runtime, visit.user)),
        )

    async def job(self, request: Request, visit: Visit) -> Response:
        job = self._job(request, visit)
        if job is None:
            return self._shown("missing.html", visit, 404)
        return self._shown("job.html", visit, **await contents.details(self.runtime, job))

    async def raw(self, request: Request, visit: Visit) -> Response:
        """Download the complete inputs, log or result of a job."""
        job = self._job(request, visit)
        if job is None:
            return PlainTextResponse("Job not found.", 404, _HEADERS)
        asked = request.url.path.rsplit("/", 1)[1]
        kind = "params" if asked == "inputs" else asked
        data = await self.runtime.store.payloads.read(job.id, kind)
        saving = {"Content-Disposition": f'attachment; filename="{job.id}-{asked}.txt"'}
        return Response(data or b"", 200, {**_HEADERS, **saving}, "text/plain")

    async def picture(self, request: Request, visit: Visit) -> Response:
        """Draw the circuits or the result of a job."""
        job = self._job(request, visit)
        what = request.url.path.rsplit("/", 1)[1].removesuffix(".svg")
        drawable = contents.has_circuits if what == "circuits" else contents.has_plot
        if job is None or not drawable(job):
            return PlainTextResponse("Nothing to draw.", 404, _HEADERS)
        picture = await self.pictures.of(job, what)
        caching = _PICTURE if picture.is_lasting else {**_PICTURE, "Cache-Control": "no-store"}
        return Response(picture.svg, 200, caching, "image/svg+xml")

    async def cancel(self, request: Request, visit: Visit) -> Response:
        job = self._job(request, visit)
        if job is not None and not job.is_final:
            await self.runtime.cancel(job)
        return self._redirect(f"{ROOT}/jobs/{request.path_params['id']}")

    async def leave(self, request: Request, visit: Visit) -> Response:
        self.access.leave(request.cookies[_cookie_name(request)])
        return self._redirect(ROOT)

    async def sessions(self, request: Request, visit: Visit) -> Response:
        found = contents.sessions(self.runtime, visit.user)
        return self._shown("sessions.html", visit, sessions=found)

    async def programs(self, request: Request, visit: Visit) -> Response:
        found = self.runtime.programs(visit.user)
        return self._shown("programs.html", visit, programs=found)

    async def events(self, request: Request, visit: Visit) -> Response:
        """Send an event to the browser whenever something has changed."""
        if self.streams >= _MOST_STREAMS:
            return PlainTextResponse("Too many pages are open.", 503, _HEADERS)
        return StreamingResponse(self._changes(), 200, _HEADERS, "text/event-stream")

    async def _changes(self) -> AsyncIterator[str]:
        self.streams += 1
        try:
            seen, quiet = self.runtime.store.changes, 0
            yield "retry: 2000\n\n"
            while True:
                await asyncio.sleep(_POLL_SECONDS)
                quiet += 1
                if self.runtime.store.changes != seen:
                    seen, quiet = self.runtime.store.changes, 0
                    yield "data: change\n\n"
                elif quiet == _POLLS_BETWEEN_COMMENTS:
                    # Detects lost connections.
                    quiet = 0
                    yield ": here\n\n"
        finally:
            self.streams -= 1

    def _for_visitors(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            visit = self.access.visit(request.cookies.get(_cookie_name(request), ""))
            if visit is None:
                return self._shown("closed.html", None, 401)
            if request.method == "POST":
                form = parse_qs((await _body(request)).decode("utf-8", "replace"))
                csrf = form.get("csrf", [""])[0]
                origin, host = request.headers.get("origin"), request.headers.get("host", "")
                if not is_own_form(visit, csrf, origin, host):
                    return PlainTextResponse("The form was not sent by this page.", 403, _HEADERS)
            return await handler(request, visit)

        return handle

    def _job(self, request: Request, visit: Visit) -> Job | None:
        job = self.runtime.store.jobs.get(request.path_params["id"])
        return job if job is not None and job.user == visit.user else None

    def _shown(
        self, template: str, visit: Visit | None, status: int = 200, /, **values: Any
    ) -> Response:
        if not is_possible():
            return PlainTextResponse(INSTALL, 501, _HEADERS)
        values = {"root": self._prefix + ROOT, "visit": visit, **values}
        text = _templates().get_template(template).render(values)
        return Response(text, status, _HEADERS, "text/html")

    def _redirect(self, path: str) -> Response:
        # After a 303 the browser sends a GET, also in response to a form.
        return RedirectResponse(self._prefix + path, 303, _HEADERS)

    @property
    def _prefix(self) -> str:
        return self.runtime.settings.path_prefix


@cache
def _templates() -> Environment:
    """Return the templates, which escape every value."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("qiskit_ibm_runtime.local.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = contents.moment
    return environment


def _cookie_name(request: Request) -> str:
    """Name the cookie by port, because browsers share cookies among the ports of a host."""
    server = request.scope.get("server") or ("", 0)
    return f"qiskit-runtime-page-{server[1]}"


async def _body(request: Request) -> bytes:
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > _LARGEST_FORM:
            return b""
    return data
