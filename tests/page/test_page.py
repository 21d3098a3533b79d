"""Web page of the embedded runtime."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from html.parser import HTMLParser

import pytest
import requests
from tests.page.conftest import TOKEN, Site, wait_until_shown

from qiskit_ibm_runtime.local.page.access import Access

XSS = "<script>alert(1)</script>"


class Elements(HTMLParser):
    """The elements of a page with their attributes, as a browser sees them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_printed_url_works_once(site: Site) -> None:
    address = f"{site.url}/page?code={site.access.code_for('alice')}"

    first = requests.Session()
    assert first.get(address, timeout=30).status_code == 200
    assert first.get(f"{site.url}/page/jobs", timeout=30).status_code == 200
    assert requests.get(address, timeout=30).status_code == 401


def test_page_without_session_explains_where_to_find_its_url(site: Site) -> None:
    for path in ("/", "/page", "/page/jobs", "/page/sessions", "/page/programs", "/page/events"):
        answer = requests.get(site.url + path, timeout=30)
        assert answer.status_code == 401, path
        assert "Open the URL that the runtime printed" in answer.text


def test_cookie_grants_no_api_access_and_is_hidden_from_scripts(site: Site) -> None:
    code = site.access.code_for("alice")
    answer = requests.get(f"{site.url}/page?code={code}", timeout=30, allow_redirects=False)
    cookie = answer.headers["Set-Cookie"]
    port = site.url.rpartition(":")[2]

    assert cookie.startswith(f"qiskit-runtime-page-{port}=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    value = cookie.partition("=")[2].partition(";")[0]
    assert value not in (TOKEN, code)
    refused = requests.get(
        f"{site.url}/runtime/jobs", headers={"X-Access-Token": value}, timeout=30
    )
    assert refused.status_code == 401


def test_owner_of_a_token_gets_a_new_url(site: Site) -> None:
    asked = requests.post(f"{site.url}/page/codes", json={"apiToken": TOKEN}, timeout=30)
    assert requests.get(site.url + asked.text, timeout=30).status_code == 200
    for wrong in ({"apiToken": "guessed"}, {"apiToken": None}, [], "text"):  # type: ignore[var-annotated]
        answer = requests.post(f"{site.url}/page/codes", json=wrong, timeout=30)
        assert answer.status_code == 401


def test_session_ends_after_twelve_hours_or_by_signing_out(site: Site) -> None:
    now = [0.0]
    access = Access(lambda: now[0])
    cookie = access.redeem(access.code_for("alice"))
    assert cookie is not None
    now[0] = 12 * 3600 - 1
    assert access.visit(cookie) is not None
    now[0] = 12 * 3600 + 1
    assert access.visit(cookie) is None

    visitor = site.visitor()
    assert site.post(visitor, "/page/leave").status_code == 303
    assert visitor.get(f"{site.url}/page", timeout=30).status_code == 401


def test_drops_the_oldest_codes_and_sessions_above_a_limit() -> None:
    access = Access()
    codes = [access.code_for("alice") for _ in range(65)]
    assert access.redeem(codes[0]) is None
    cookies = [access.redeem(access.code_for("alice")) for _ in range(257)]
    assert access.visit(str(cookies[0])) is None
    assert access.visit(str(cookies[1])) is not None


def test_events_report_new_and_finished_jobs(site: Site) -> None:
    visitor = site.visitor()
    job = site.submit({"gate": "g", "give": {"values": [1.0]}}, tags=["tour"])
    running = wait_until_shown(site, visitor, job, "Running")
    assert "Cancel this job" in running

    site.executor.open("g")
    done = wait_until_shown(site, visitor, job, "Completed")
    assert "Cancel this job" not in done
    assert "tour" in visitor.get(f"{site.url}/page", timeout=30).text


def test_cancels_a_job_from_its_page(site: Site) -> None:
    visitor = site.visitor()
    job = site.submit({"gate": "never"})
    wait_until_shown(site, visitor, job, "Running")

    assert site.post(visitor, f"/page/jobs/{job}/cancel").status_code == 303
    assert "Cancelled" in visitor.get(f"{site.url}/page/jobs/{job}", timeout=30).text
    assert len(site.executor.killed) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": ""},
    ],
    ids=["another site", "a sandbox", "another port", "none"],
)
def test_rejects_form_of_another_site(site: Site, headers: dict[str, str]) -> None:
    visitor = site.visitor()
    job = site.submit({"gate": "never"})
    wait_until_shown(site, visitor, job, "Running")

    assert site.post(visitor, f"/page/jobs/{job}/cancel", **headers).status_code == 403
    assert "Running" in visitor.get(f"{site.url}/page/jobs/{job}", timeout=30).text


def test_rejects_form_without_csrf_token(site: Site) -> None:
    visitor = site.visitor()
    job = site.submit({"gate": "never"})
    for form in ({}, {"csrf": "guessed"}, {"csrf": "x" * 10_000}):
        answer = visitor.post(
            f"{site.url}/page/jobs/{job}/cancel",
            data=form,
            headers={"Origin": site.url},
            timeout=30,
        )
        assert answer.status_code == 403


def test_user_sees_only_their_own_jobs(site: Site) -> None:
    job = site.submit({"give": 1, "log": "private"}, tags=["alices"])
    bob = site.visitor("bob")

    assert job not in bob.get(f"{site.url}/page", timeout=30).text
    assert bob.get(f"{site.url}/page/jobs/{job}", timeout=30).status_code == 404
    for part in ("inputs", "log", "result", "result.svg", "circuits.svg"):
        assert bob.get(f"{site.url}/page/jobs/{job}/{part}", timeout=30).status_code == 404
    assert site.post(bob, f"/page/jobs/{job}/cancel").status_code == 303
    assert "Completed" in wait_until_shown(site, site.visitor(), job, "Completed")


def test_user_input_is_escaped(site: Site) -> None:
    visitor = site.visitor()
    job = site.submit(
        {"name": XSS, "say": [XSS], "fail": f"Traceback\n{XSS}"},
        tags=[XSS, '" onmouseover="alert(1)', "javascript:alert(1)"],
    )
    wait_until_shown(site, visitor, job, "Failed")
    search = {"text": f'">{XSS}', "program": f"'{XSS}", "session": XSS, "status": XSS}

    for path in (f"/page/jobs/{job}", "/page", "/page/jobs", "/page/programs"):
        answer = visitor.get(site.url + path, params=search, timeout=30)
        assert XSS not in answer.text
        elements = Elements(answer.text)
        scripts = [one.get("src") for one in elements.named("script")]
        assert scripts == ["/page/static/page.js"]
        for tag, attributes in elements.found:
            assert not [name for name in attributes if name.startswith("on")], tag
            assert not str(attributes.get("href")).startswith("javascript"), tag
    saved = visitor.get(f"{site.url}/page/jobs/{job}/inputs", timeout=30)
    assert saved.headers["Content-Type"].startswith("text/plain")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert XSS in saved.text


def test_every_response_has_security_headers(site: Site) -> None:
    visitor = site.visitor()
    for path in ("/page", "/page/jobs/none", "/page/static/page.js", "/page/static/none"):
        headers = visitor.get(site.url + path, timeout=30).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_finds_jobs_by_state_tag_id_prefix_and_page(site: Site) -> None:
    visitor = site.visitor()
    jobs = [site.submit({"give": number}, tags=[f"t{number}"]) for number in range(27)]
    wait_until_shown(site, visitor, jobs[-1], "Completed")

    def found(**query: str) -> list[str]:
        text = visitor.get(f"{site.url}/page/jobs", params=query, timeout=30).text
        return re.findall(r'class="id" href="/page/jobs/(\w+)"', text)

    assert found() == jobs[:1:-1]
    assert found(number="2") == [jobs[1], jobs[0]]
    assert found(text="t26") == [jobs[26]]
    assert found(text=jobs[3]) == [jobs[3]]
    assert found(text="%") == []
    assert found(status="Failed") == []
    assert found(backend="fake_manila") == []
    assert len(found(number="not a number")) == 25


def test_disabled_page_is_not_found(open_site: Callable[..., Site]) -> None:
    site = open_site(page=False)
    for path in ("/", "/page", "/page/static/page.js"):
        assert requests.get(site.url + path, timeout=30).status_code == 404
    asked = requests.post(f"{site.url}/page/codes", json={"apiToken": TOKEN}, timeout=30)
    assert asked.status_code == 404


def test_urls_of_the_page_include_the_path_prefix(
    open_site: Callable[..., Site],
) -> None:
    site = open_site(path_prefix="/gateway/runtime")
    assert site.url.endswith("/gateway/runtime")
    job = site.submit({"give": 1})
    page = site.visitor().get(f"{site.url}/page", timeout=30).text
    elements = Elements(page)
    addresses = [
        one.get("href") or one.get("src") or one.get("action")
        for tag in ("a", "link", "script", "form")
        for one in elements.named(tag)
    ]
    assert f"/gateway/runtime/page/jobs/{job}" in addresses
    assert all(str(one).startswith("/gateway/runtime/page") for one in addresses)


def test_number_of_event_streams_is_limited(site: Site) -> None:
    visitor = site.visitor()
    with ExitStack() as streams:
        listening = []
        for _ in range(32):
            stream = visitor.get(f"{site.url}/page/events", stream=True, timeout=30)
            listening.append(streams.enter_context(stream).iter_lines())
            assert next(listening[-1]) == b"retry: 2000"
        one_more = visitor.get(f"{site.url}/page/events", stream=True, timeout=30)
        assert streams.enter_context(one_more).status_code == 503
