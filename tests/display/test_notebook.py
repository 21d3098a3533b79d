"""Notebook representations are escaped and masked, and need no further requests."""

from __future__ import annotations

import json
import pickle
from html.parser import HTMLParser

import pytest

from qiskit_ibm_runtime import Options, QiskitRuntimeService, Sampler, Session
from qiskit_ibm_runtime._display.html import card, table
from qiskit_ibm_runtime._display.masking import mask_fields

SIMULATOR = "ibmq_qasm_simulator"
EVIL = "<img src=x onerror=alert(1)>\"'&</td></table><script>alert(2)</script>"


class Page(HTMLParser):
    """Elements and text of a piece of HTML, which must be well-formed."""

    EMPTY = {"br"}

    def __init__(self, html):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.attributes = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def shown(thing) -> Page:
    page = Page(thing._repr_html_())
    assert not {"script", "img", "iframe", "object", "link"} & set(page.tags)
    assert not any(name.startswith("on") or name in ("src", "href") for name in page.attributes)
    return page


@pytest.fixture(scope="module")
def server(qiskit_runtime_server_pool):
    devices = ["fake_lima", "fake_guadalupe", SIMULATOR]
    with qiskit_runtime_server_pool.server(devices=devices) as started:
        yield started


@pytest.fixture(scope="module")
def service(server):
    return server.service()


def test_service_card_shows_url_without_secrets(service, server):
    page = shown(service)

    assert "local" in page.text
    assert "fake_lima" in page.text
    assert server.token not in service._repr_html_()
    assert repr(service) == "<QiskitRuntimeService>"


def test_backend_card_colors_couplings_by_error(service):
    backend = service.backend("fake_lima")

    page = shown(backend)

    assert page.tags.count("circle") == 5
    assert page.tags.count("line") == 4
    properties = backend.properties()
    assert f"qubit 0: readout {properties.readout_error(0):.2e}" in page.text
    assert f"qubits 0 and 1: {properties.gate_error('cx', [0, 1]):.2e}" in page.text
    assert "median readout error" in page.text


def test_calibration_is_fetched_once_for_all_displays(server):
    backend = server.service().backend("fake_guadalupe")
    server.requests.clear()

    backend._repr_html_()
    backend._repr_html_()
    backend.properties()

    asked = [exchange.path for exchange in server.requests.exchanges]
    assert len(asked) == 1
    assert asked[0].endswith("/properties")


def test_backend_card_works_without_a_calibration(server):
    from qiskit_ibm_runtime.exceptions import IBMRuntimeError

    backend = server.service().backend("fake_lima")

    def fail():
        raise IBMRuntimeError("no calibration today")

    backend._fetch_properties = fail

    page = shown(backend)
    assert page.tags.count("circle") == 5
    assert "median" not in page.text


def test_simulator_card_has_no_coupling_map(service):
    page = shown(service.backend(SIMULATOR))

    assert "svg" not in page.tags
    assert SIMULATOR in page.text


@pytest.mark.parametrize("count", [1, 2, 3, 27])
def test_layout_of_a_line_is_straight_and_spaced(count):
    from qiskit_ibm_runtime._display.coupling import layout

    positions = layout(count, [(each, each + 1) for each in range(count - 1)])

    assert positions.shape == (count, 2)
    gaps = ((positions[1:] - positions[:-1]) ** 2).sum(axis=1) ** 0.5
    assert all(abs(gap - 46) < 5 for gap in gaps)
    assert (layout(count, [(each, each + 1) for each in range(count - 1)]) == positions).all()


def test_job_card_sends_no_requests(service, server, bell):
    options = Options(environment={"job_tags": [EVIL[:24]]})
    with Session(service=service, backend=SIMULATOR) as session:
        job = Sampler(session=session, options=options).run(bell)
    server.requests.clear()

    before = shown(job)
    session_page = shown(session)

    # The submit may be recorded after the client read its response.
    assert [each.path for each in server.requests.exchanges if each.method != "POST"] == []
    assert "not fetched yet" in before.text
    assert job.job_id() in before.text
    assert EVIL[:24] in before.text
    assert str(session.session_id) in session_page.text
    job.result(timeout=60)
    assert "DONE" in shown(job).text
    session.close()
    assert "closed" in shown(session).text


def test_job_card_escapes_the_error_message(service):
    source = f"def main(backend, user_messenger, **kwargs):\n    raise ValueError({EVIL!r})\n"
    metadata = {"name": "evil", "max_execution_time": 60}
    program_id = service.upload_program(source, metadata)
    job = service.run(program_id, {}, {"backend": SIMULATOR})
    job.wait_for_final_state(timeout=60)
    assert EVIL in job.error_message()

    page = shown(job)

    assert "details" in page.tags
    assert EVIL in page.text


def test_job_list_is_a_list_shown_as_a_table(service):
    service.run("hello-world", {"iterations": 1}, {"backend": SIMULATOR})
    jobs = service.jobs(limit=2)

    assert isinstance(jobs, list)
    assert jobs == list(jobs)
    page = shown(jobs)
    assert page.tags.count("tr") == 1 + len(jobs)
    assert all(job.job_id() in page.text for job in jobs)
    assert shown(service.jobs(job_tags=["no such tag"])).text == "no jobs"
    assert repr(jobs) == repr(list(jobs))


def test_options_highlight_changed_values(service):
    options = Options(resilience_level=0)
    options.execution.shots = 17
    options.environment.job_tags = [EVIL]

    page = shown(options)

    assert "shots = 17" in page.text
    assert "optimization_level" in page.text
    assert EVIL in page.text.replace("\\'", "'")


TOKEN = "a-token-that-is-rather-long-and-secret"


@pytest.fixture
def accounts(tmp_path):
    file = str(tmp_path / "accounts.json")
    proxies = {"urls": {"https": "http://user:hidden-password@proxy:8080"}}
    for name in ("one", EVIL):
        QiskitRuntimeService.save_account(
            token=TOKEN, channel="ibm_quantum", name=name, filename=file, proxies=proxies
        )
    return QiskitRuntimeService.saved_accounts(filename=file)


def test_accounts_have_real_items_but_a_masked_repr(accounts):
    one = accounts["one"]

    assert isinstance(accounts, dict)
    assert one["token"] == TOKEN
    assert dict(one)["token"] == {**one}["token"] == TOKEN
    assert json.loads(json.dumps(accounts))["one"]["token"] == TOKEN
    assert pickle.loads(pickle.dumps(accounts)) == accounts
    for text in (repr(accounts), str(one), f"{one}", shown(accounts).text, shown(one).text):
        assert TOKEN not in text
        assert "hidden-password" not in text
        assert "***" in text
    assert EVIL in shown(accounts).text


def test_active_account_has_a_masked_repr(service, server):
    account = service.active_account()

    assert isinstance(account, dict)
    assert account["token"] == server.token
    assert server.token not in repr(account) + account._repr_html_()  # type: ignore[attr-defined]
    again = QiskitRuntimeService(
        channel=account["channel"], token=account["token"], url=account["url"]
    )
    assert again.active_account() == account


def test_short_secrets_are_masked_completely_and_crns_partially():
    crn = "crn:v1:bluemix:public:quantum-computing:us-east:a/abc:instance-1234::"

    fields = mask_fields({"token": "short", "instance": crn, "verify": True})

    assert fields["token"] == "***"
    assert fields["instance"].startswith("crn:***")
    assert "a/abc" not in fields["instance"]
    assert fields["verify"] is True


def test_cards_and_tables_escape_all_values():
    html = card(EVIL, EVIL, {EVIL: EVIL, "list": [EVIL]}) + table([EVIL], [[EVIL]], "none")

    page = Page(html)

    assert not {"script", "img"} & set(page.tags)
    assert page.text.count(EVIL) == 7
