"""The version of the package, kept once in ``VERSION.txt``."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT_DIR: str = str(Path(__file__).resolve().parent)
VERSION: str = (Path(ROOT_DIR) / "VERSION.txt").read_text(encoding="utf-8").strip()


def git_version() -> str:
    """Return the commit of the checkout that this package was imported from.

    Returns:
        The full hash, or ``"Unknown"`` outside a checkout or where git is missing.
    """
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - whichever git the user runs
            cwd=ROOT_DIR,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "Unknown"
    return answer.stdout.strip() or "Unknown"


def get_version_info() -> str:
    """Return the version of the installed package; no process is started for it."""
    return VERSION


__version__: str = get_version_info()
