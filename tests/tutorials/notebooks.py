"""Run the notebooks of the documentation, and compare or store what they print and draw.

    python -m tests.tutorials.notebooks docs/tutorials/*.ipynb           # compare
    python -m tests.tutorials.notebooks --write docs/tutorials/*.ipynb   # store

Text is compared as in the pages (:mod:`tests.packaging.pages`); of an
image, only its presence is checked.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbclient import NotebookClient
from tests.packaging import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHIN = 0.1  # energies with noise in them scatter more than probabilities


def executed(path: Path) -> Any:
    """Return the notebook with fresh outputs."""
    notebook = nbformat.read(path, as_version=4)
    os.environ["PYTHONWARNINGS"] = "ignore::DeprecationWarning"  # terra's own
    NotebookClient(notebook, timeout=600, kernel_name="python3", record_timing=False).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def outputs(notebook: Any) -> list[tuple[str, bool]]:
    """Return, for each cell of code, its text and whether it has a picture."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            text = "".join(_texts(cell))
            pictures = [out for out in cell.outputs if "image/png" in out.get("data", {})]
            found.append((text, bool(pictures)))
    return found


def _texts(cell: Any) -> Iterator[str]:
    for out in cell.outputs:
        if "image/png" not in out.get("data", {}):
            yield out.get("text") or out.get("data", {}).get("text/plain", "")


def stale(path: Path) -> list[str]:
    """Return what a notebook shows and does not produce any more."""
    stored = outputs(nbformat.read(path, as_version=4))
    fresh = outputs(executed(path))
    return [
        f"{path.name}, cell {number}: shows {shown!r}, made {made!r}"
        for number, (shown, made) in enumerate(zip(stored, fresh), 1)
        if shown[1] != made[1] or not pages.same(shown[0], made[0], WITHIN)
    ]


def main(arguments: list[str]) -> int:
    """Compare or store; the status is 1 if a notebook is stale."""
    paths = [Path(each) for each in arguments if each != "--write"]
    if "--write" in arguments:
        for path in paths:
            nbformat.write(executed(path), path)
            print(path, "stored")
        return 0
    found = [line for path in paths for line in stale(path)]
    print("\n".join(found) or f"{len(paths)} notebooks are as stored")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
