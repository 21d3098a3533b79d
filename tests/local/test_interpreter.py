"""Import path of the embedded runtime's processes."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

START = """
import subprocess, sys
from qiskit_ibm_runtime.local.interpreter import command
sys.exit(subprocess.run(command("helper", "an argument")).returncode)
"""
HELPER = "import sys; print('helped with', sys.argv[1])"
SOURCE = Path(__file__).parents[2] / "src"


def helper_in(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "helper.py").write_text(HELPER)
    return folder


def is_found(*arguments: str | Path, python: str = sys.executable, **options: Any) -> bool:
    """Return whether a process started by the runtime's command line can import ``helper``."""
    done = subprocess.run(
        [python, *arguments], capture_output=True, text=True, check=False, **options
    )
    found = done.stdout == "helped with an argument\n"
    assert found or "No module named helper" in done.stderr, done.stderr
    return found


def script_in(folder: Path, text: str = START) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "script.py"
    script.write_text(text)
    return script


@pytest.mark.parametrize("flags", [[], ["-I"]])
def test_excludes_working_folder(flags: list[str], tmp_path: Path) -> None:
    helper_in(tmp_path)
    script = script_in(tmp_path / "elsewhere")

    assert not is_found(*flags, script, cwd=tmp_path)
    assert not is_found(*flags, "-c", START, cwd=tmp_path)


def test_excludes_working_folder_given_as_empty_entry(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f":{tmp_path / 'nothing'}"}

    assert not is_found("-c", START, cwd=helper_in(tmp_path), env=environment)


def test_excludes_folder_of_the_script(tmp_path: Path) -> None:
    assert not is_found(script_in(helper_in(tmp_path)))
    (tmp_path / "link").symlink_to(tmp_path)
    assert not is_found(script_in(tmp_path / "link"))


def test_keeps_pythonpath(tmp_path: Path) -> None:
    helper_in(tmp_path / "chosen")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path / 'chosen'}"}

    assert is_found("-c", START, cwd=elsewhere, env=environment)
    relative = {**environment, "PYTHONPATH": os.path.relpath(tmp_path / "chosen", elsewhere)}
    assert is_found("-c", f"import os; os.chdir('/')\n{START}", cwd=elsewhere, env=relative)


def test_keeps_entries_added_by_the_program_first(tmp_path: Path) -> None:
    folder = helper_in(tmp_path / "added")
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "helper.py").write_text("raise SystemExit('the wrong one')")
    add = f"import sys; sys.path[:0] = [{str(folder)!r}, {str(hidden)!r}]\n"

    assert is_found("-c", add + START)


def test_keeps_archives(tmp_path: Path) -> None:
    archive = tmp_path / "app.pyz"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("__main__.py", START)
        file.writestr("helper.py", HELPER)

    assert is_found(archive)


def test_tolerates_removed_working_folder(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    add = f"import sys; sys.path.append({str(helper_in(tmp_path / 'added'))!r})\n"

    assert is_found("-c", f"import os; os.rmdir({str(gone)!r})\n{add}{START}", cwd=gone)


def test_keeps_folder_of_this_package(tmp_path: Path) -> None:
    start = START.replace('"helper", "an argument"', '"qiskit_ibm_runtime.local", "--help"')
    for arguments in (["-c", start], [script_in(tmp_path, start)]):
        environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
        printed = subprocess.check_output(
            [sys.executable, *arguments], cwd=SOURCE, env=environment, text=True
        )
        assert "usage: python -m qiskit_ibm_runtime.local" in printed


def test_keeps_user_site_packages(tmp_path: Path) -> None:
    """Editable installs there are path files, with or without a finder."""
    base = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info[1]}"
    environment = {"PYTHONUSERBASE": str(tmp_path), "PYTHONPATH": str(SOURCE), "HOME": "/"}
    asked = "import site; print(site.getusersitepackages())"
    folder = subprocess.check_output([base, "-c", asked], env=environment, text=True).strip()
    site = Path(folder)
    site.mkdir(parents=True)
    (site / "finder.pth").write_text("import sys; sys.path.append(sys.prefix + '/for/the/test')\n")
    (site / "editable.pth").write_text(f"{helper_in(tmp_path / 'checkout')}\n")

    assert is_found("-c", START, python=str(base), env=environment)
    again = START.replace('"helper"', '"where"')
    (site / "where.py").write_text(
        f"import sys\nassert sys.prefix + '/for/the/test' in sys.path\n{HELPER}"
    )
    assert is_found("-c", again, python=str(base), env=environment)
