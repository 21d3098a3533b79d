"""Python processes that import nothing from the working folder: command lines, and their ends."""

from __future__ import annotations

import json
import signal
import site
import sys
from contextlib import suppress
from pathlib import Path

# Runs in isolated mode, which ignores the working folder and PYTHON* variables. The import path of
# the starting process comes first, followed by the interpreter's own.
_BOOTSTRAP = """
import json, runpy, site, sys
given = json.loads(sys.argv.pop(1))
for folder in given["sites"]:
    site.addsitedir(folder)
sys.path[:] = given["path"] + [entry for entry in sys.path if entry not in given["path"]]
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


def command(module: str, *arguments: str) -> list[str]:
    """Return a command line that runs a module like ``python -m``, but in isolated mode.

    Raises:
        OSError: If the path of the running interpreter is unknown.
    """
    if not sys.executable:
        raise OSError("sys.executable does not name a Python interpreter.")
    # Isolated mode skips the user's site-packages, and therefore the editable installs in them.
    sites = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    given = json.dumps({"path": import_path(), "sites": sites})
    return [sys.executable, "-I", "-c", _BOOTSTRAP, given, module, *arguments]


def import_path() -> list[str]:
    """Return ``sys.path`` without the working folder and the script's folder.

    Keeps the folder of this package, and archives, because a zipapp contains its own modules.
    """
    package = Path(__file__).resolve().parents[2]
    dropped = _working_and_script_folders() - {package}
    kept = []
    for entry in sys.path:
        with suppress(OSError):  # a relative entry in a working folder that was removed
            path = Path(entry).absolute()
            if path.resolve() not in dropped or path.is_file():
                kept.append(path)
    if package not in [path.resolve() for path in kept]:
        kept.append(package)
    return [str(path) for path in kept]


def _working_and_script_folders() -> set[Path]:
    folders = set()
    with suppress(OSError):
        folders.add(Path.cwd().resolve())
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if script:
        folders.add(Path(script).resolve().parent)
    return folders


def describe_exit(code: int) -> tuple[str, str]:
    """Return how a process with this exit code ended, and a hint on the reason or an empty string.

    Args:
        code: Exit code, or the negative signal number.
    """
    if code >= 0:
        return f"ended with exit code {code}", ""
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = "; the system may have run out of memory" if name == "SIGKILL" else ""
    return f"was killed by {name}", hint
