"""Servers with a web page, and clients of it without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from tests.local.conftest import ScriptedExecutor

from qiskit_ibm_runtime.local.app import create_app
from qiskit_ibm_runtime.local.page.access import Access
from qiskit_ibm_runtime.local.settings import Settings, User
from qiskit_ibm_runtime.testing.servers import BackgroundServer, LoopThread

TOKEN = "secret-of-alice"
USERS = (User("alice", TOKEN), User("bob", "secret-of-bob"))


class Site:
    """Server with its page and its API."""

    def __init__(self, thread: LoopThread, settings: Settings) -> None:
        self.executor, self.access = ScriptedExecutor(), Access()
        self.server = BackgroundServer(
            thread, settings, build=lambda: create_app(settings, self.executor, self.access)
        )
        self.url = self.server.url

    def visitor(self, user: str = "alice") -> requests.Session:
        """Return a signed-in session."""
        session = requests.Session()
        answer = session.get(f"{self.url}/page?code={self.access.code_for(user)}", timeout=30)
        assert answer.status_code == 200, answer.text
        return session

    def submit(self, inputs: dict[str, Any], **body: Any) -> str:
        """Submit a job as Alice, with her API token."""
        login = requests.post(
            f"{self.url}/api/users/loginWithToken", json={"apiToken": TOKEN}, timeout=30
        )
        answer = requests.post(
            f"{self.url}/runtime/jobs",
            json={
                "program_id": "hello-world",
                "backend": "ibmq_qasm_simulator",
                "params": inputs,
                **body,
            },
            headers={"X-Access-Token": login.json()["id"]},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def post(self, visitor: requests.Session, path: str, **headers: str) -> requests.Response:
        """Send a form as the page of this visitor does, with additional headers."""
        page = visitor.get(f"{self.url}/page", timeout=30).text
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)
        assert csrf is not None
        return visitor.post(
            self.url + path,
            data={"csrf": csrf[1]},
            headers={"Origin": self.url, **headers},
            timeout=30,
            allow_redirects=False,
        )


@pytest.fixture(scope="module")
def thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def open_site(thread: LoopThread) -> Iterator[Callable[..., Site]]:
    sites: list[Site] = []

    def open_site(**settings: Any) -> Site:
        sites.append(Site(thread, Settings(**{"users": USERS, **settings})))
        return sites[-1]

    yield open_site
    for site in sites:
        site.server.stop()


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    return open_site()


def wait_until_shown(site: Site, visitor: requests.Session, job: str, word: str) -> str:
    """Wait for events until the page of a job contains a word, and return the page."""
    with visitor.get(f"{site.url}/page/events", stream=True, timeout=30) as events:
        lines = events.iter_lines()
        while True:
            page = visitor.get(f"{site.url}/page/jobs/{job}", timeout=30).text
            if word in page:
                return page
            while next(lines) != b"data: change":
                pass
