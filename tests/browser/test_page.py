"""The page of the embedded runtime in a real browser; ``nox -s browser`` installs what drives it.

With ``PICTURES`` set to a folder, every page is also photographed: light and dark, at the width of
a desk and of a phone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright  # type: ignore[import-not-found]
from qiskit import QuantumCircuit

from qiskit_ibm_runtime import Estimator, Options, QiskitRuntimeService, Sampler, Session

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
TOKEN = "secret-of-alice"
XSS = "<img src=x onerror=window.harmed=1><script>window.harmed=1</script>"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)"
)


class Served:
    """One server in a process of its own, as a user starts it."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "qiskit_ibm_runtime.local", "serve", "--log-level", "WARNING"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "QISKIT_IBM_LOCAL_TOKEN": TOKEN},
        )
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline() for _ in range(2)]
        self.url, self.page = (line.partition(": ")[2].strip() for line in lines)
        self.service = QiskitRuntimeService(channel="ibm_quantum", token=TOKEN, url=self.url)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.process.terminate()
    served.process.communicate(timeout=30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Chromium refuses its sandbox to root, and inside of containers.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def state(browser: Browser, served: Served) -> object:
    """What a browser keeps after it was let in."""
    context = browser.new_context()
    context.new_page().goto(served.page)
    return context.storage_state()


@pytest.fixture
def page(browser: Browser, served: Served, state: object) -> Iterator[Page]:
    """The overview; a fault in the console of the browser fails the test."""
    context = browser.new_context(storage_state=state)  # type: ignore[arg-type]
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(served.page.partition("?")[0])
    yield page
    context.close()
    assert faults == []


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    return circuit


def sample(served: Served, *tags: str) -> str:
    """Run one Sampler job and return its id."""
    options = Options(environment={"job_tags": list(tags)})
    with Session(served.service, backend="ibmq_qasm_simulator") as session:
        job = Sampler(session=session, options=options).run(bell().measure_all(inplace=False))
        job.result()
    return str(job.job_id())


def test_job_appears_while_the_overview_is_open(page: Page, served: Served) -> None:
    job = sample(served, "appears")

    row = page.get_by_role("row").filter(has_text=job)
    expect(row).to_contain_text("Completed")
    expect(row).to_contain_text("appears")
    row.get_by_role("link", name=job).click()
    expect(page.get_by_role("heading", name=f"Job {job}")).to_be_visible()


def test_draws_circuits_and_distributions(page: Page, served: Served) -> None:
    page.goto(f"{page.url}/jobs/{sample(served)}")

    for name in ("Plot of the result", "Drawing of the circuits"):
        picture = page.get_by_role("img", name=name)
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True, timeout=30_000)
        # The sentence that stands for a missing picture is 32 pixels high.
        assert picture.evaluate("one => one.naturalHeight") > 100


def test_button_cancels_a_running_job(page: Page, served: Served) -> None:
    inputs = {"iterations": 1_000_000}
    job = served.service.run("hello-world", inputs, options={"backend": "ibmq_qasm_simulator"})
    page.goto(f"{page.url}/jobs/{job.job_id()}")
    expect(page.get_by_text("Running")).to_be_visible()

    page.get_by_role("button", name="Cancel this job").click()
    expect(page.get_by_text("Cancelled")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel this job")).to_have_count(0)


def test_form_searches_jobs(page: Page, served: Served) -> None:
    job = sample(served, "needle")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Jobs").click()
    page.get_by_role("searchbox", name="Search").fill("needle")
    page.get_by_role("combobox", name="State").select_option("Completed")
    page.get_by_role("button", name="Find").click()

    expect(page.get_by_role("link", name=re.compile(r"^\w{20}$"))).to_have_text([job])


def test_user_input_is_never_executed(page: Page, served: Served) -> None:
    named = QuantumCircuit(1, name=XSS)
    inputs = {"circuits": [named], "circuit_indices": [0], "parameter_values": [[]]}
    options = {"backend": "ibmq_qasm_simulator", "job_tags": [XSS[:86]]}
    job = served.service.run("sampler", inputs, options=options)
    job.wait_for_final_state()

    for path in ("", f"/jobs/{job.job_id()}", "/jobs?text=" + XSS.replace("#", ""), "/programs"):
        page.goto(served.page.partition("?")[0] + path)
        expect(page.get_by_role("main")).to_be_visible()
        assert page.evaluate("window.harmed") is None
    page.goto(served.page.partition("?")[0] + f"/jobs/{job.job_id()}/circuits.svg")
    assert page.evaluate("window.harmed") is None


def test_pages_fit_a_phone(browser: Browser, served: Served, state: object) -> None:
    job = sample(served, "tour", "phone")
    with Session(served.service, backend="fake_manila") as session:
        estimated = Estimator(session=session).run([bell()] * 5, ["ZZ", "XX", "YY", "ZI", "IX"])
        estimated.result()
    folder = os.environ.get("PICTURES")
    for scheme in ("light", "dark"):
        for name, width in (("desk", 1200), ("phone", 390)):
            context = browser.new_context(
                viewport={"width": width, "height": 800},
                color_scheme=scheme,  # type: ignore[arg-type]
                storage_state=state,  # type: ignore[arg-type]
            )
            page = context.new_page()
            for path in ("", "/jobs", f"/jobs/{job}", f"/jobs/{estimated.job_id()}", "/sessions"):
                page.goto(served.page.partition("?")[0] + path)
                for picture in page.get_by_role("img").all():
                    picture.scroll_into_view_if_needed()
                    expect(picture).to_have_js_property("complete", True, timeout=30_000)
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                if folder:
                    last = path.strip("/").replace("/", "-") or "overview"
                    file = Path(folder) / f"{last}-{scheme}-{name}.png"
                    page.screenshot(path=file, full_page=True)
            context.close()
