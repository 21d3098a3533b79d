"""What the documents show is so: code for a user without a service runs, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
SHELL = re.compile(r"```(?:bash|shell)\n(.*?)```", re.DOTALL)
BY_NAME = re.compile(r"pip install [^\n]*(?<![/\w.-])qiskit[-_]ibm[-_]runtime(?![\w.-])")
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    links = LINK.findall(document.read_text(encoding="utf-8"))

    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_command_installs_what_the_public_index_has_under_our_name(document: Path) -> None:
    commands = SHELL.findall(document.read_text(encoding="utf-8"))

    assert [command for command in commands if BY_NAME.search(command)] == []


def test_no_error_names_such_a_command() -> None:
    files = (ROOT / "src").rglob("*.py")

    assert [str(file) for file in files if BY_NAME.search(file.read_text(encoding="utf-8"))] == []


@pytest.mark.usefixtures("capsys")
def test_what_is_shown_of_accounts_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "accounts-and-environment.md").read_text(encoding="utf-8")
    names = {"__name__": "example"}

    for code in CODE.findall(text):
        exec(code, names)

    assert Path("accounts.json").stat().st_mode & 0o077 == 0
    assert "Ansatz" in names
