"""Version of the package, read from ``VERSION.txt``."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT_DIR: str = str(Path(__file__).resolve().parent)
VERSION: str = (Path(ROOT_DIR) / "VERSION.txt").read_text(encoding="utf-8").strip()


def git_version() -> str:
    """Return the commit of the checkout from which this package was imported.

    Returns:
        The full hash, or ``"Unknown"`` outside a checkout or without git.
    """
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - the git on the user's PATH
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
    """Return the version of the installed package; starts no process."""
    return VERSION


__version__: str = get_version_info()
