"""Notebooks and examples produce what they show: minutes of work, so `nox -s tutorials` runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.packaging import pages
from tests.tutorials import notebooks

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "tutorials").glob("*.ipynb"))
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
# The page that shows what an example prints.
SHOWN = {"quickstart.py": "README.md", "sweep_with_error_bars.py": "docs/two-minutes.md"}
OUTPUT = "```bash\n[^`]*{script}\n```.*?```text\n(.*?)```"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_it_produces(notebook: Path) -> None:
    assert notebooks.stale(notebook) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_succeeds_and_prints_what_its_page_shows(example: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(example)], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    if example.name in SHOWN:
        page = (ROOT / SHOWN[example.name]).read_text(encoding="utf-8")
        shown = re.findall(OUTPUT.format(script=re.escape(example.name)), page, re.DOTALL)
        assert len(shown) == 1
        assert pages.same(shown[0], done.stdout, within=0.1), done.stdout


def test_every_tutorial_is_there() -> None:
    assert len(NOTEBOOKS) == 5
    assert len(EXAMPLES) == 6
