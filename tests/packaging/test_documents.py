"""Documents are correct: code prints the output shown, and links resolve."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from tests.packaging import pages

from qiskit_ibm_runtime import exceptions
from qiskit_ibm_runtime.accounts import exceptions as accounts_exceptions
from qiskit_ibm_runtime.api import exceptions as api_exceptions

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
RUN_ELSEWHERE = {"testing-with-the-embedded-runtime.md"}  # a file of tests, in tests/local
WITH_CODE = [
    page
    for page in DOCUMENTS
    if pages.blocks(page.read_text(encoding="utf-8")) and page.name not in RUN_ELSEWHERE
]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
SHELL = re.compile(r"```(?:bash|shell)\n(.*?)```", re.DOTALL)
BY_NAME = re.compile(r"pip install [^\n]*(?<![/\w.-])qiskit[-_]ibm[-_]runtime(?![\w.-])")


def test_links_resolve() -> None:
    links = [
        (document.name, link)
        for document in DOCUMENTS
        for link in LINK.findall(document.read_text(encoding="utf-8"))
        if not (document.parent / link).exists()
    ]

    assert links == []


def test_no_command_installs_the_pypi_package() -> None:
    commands = [
        (document.name, command)
        for document in DOCUMENTS
        for command in SHELL.findall(document.read_text(encoding="utf-8"))
        if BY_NAME.search(command)
    ]

    assert commands == []


def test_no_error_message_installs_the_pypi_package() -> None:
    files = (ROOT / "src").rglob("*.py")

    assert [str(file) for file in files if BY_NAME.search(file.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda path: path.name)
def test_page_code_prints_the_output_shown(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("qiskit_aer", reason="pages run on the embedded runtime")
    monkeypatch.chdir(tmp_path)

    stale = [
        f"{page.name}:{block.line} printed\n{printed}"
        for block, printed in pages.run(page)
        if block.output is not None and not pages.same(block.output, printed, block.within)
    ]

    assert stale == []


def test_errors_page_covers_every_error() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `(?:[\w.]+\.)?(\w+)` \|", page, re.MULTILINE))
    modules = (exceptions, api_exceptions, accounts_exceptions)

    public = {
        name
        for module in modules
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and issubclass(thing, Exception)
    }

    assert public - described == set()


def test_messages_on_errors_page_exist_in_the_package() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").partition("## Messages")[2]
    from_elsewhere = {"CERTIFICATE_VERIFY_FAILED", "401 Client Error", "Failed to resolve"}
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    source = re.sub(r'"\s*\n\s*f?"', "", source)  # one string over several lines

    pieces = {
        piece.strip()
        for message in re.findall(r"\*\*(.+?)\*\*", page, re.DOTALL)
        for piece in " ".join(message.split()).split("…")
        if not any(other in message for other in from_elsewhere) and "code " not in message
    }

    assert len(pieces) > 20
    assert sorted(piece for piece in pieces if piece not in source) == []


@pytest.mark.parametrize(
    ("shown", "printed", "is_same"),
    [
        ("job d0ab1c2d3e4f5g6h7i8j", "job x9yb1c2d3e4f5g6h7i8j", True),
        ("{0: 0.49, 3: 0.51}", "{0: 0.51, 3: 0.49}", True),
        ("{0: 0.49, 3: 0.51}", "{0: 0.39, 3: 0.61}", False),
        ("{0: 0.49, 3: 0.51}", "{0: 0.49, 2: 0.51}", False),
        ("{'00': 1980}", "{'00': 2020}", True),
        ("{'00': 1980}", "{'00': 2920}", False),
        ("status DONE", "status ERROR", False),
        ("took 1.2 s", "took 3.4 s", True),
    ],
)
def test_output_comparison_ignores_ids_times_and_shot_noise(
    shown: str, printed: str, is_same: bool
) -> None:
    assert pages.same(shown, printed, within=0.05) is is_same
