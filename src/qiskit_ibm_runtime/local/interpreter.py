"""Python processes of this package: started so that they import nothing from the working folder."""

from __future__ import annotations

import json
import site
import sys
from contextlib import suppress
from pathlib import Path

# Runs in isolated mode, where neither the working folder nor PYTHON* variables count. The folders
# of the starting process come first, then what this interpreter finds by itself.
_BOOT = """
import json, runpy, site, sys
given = json.loads(sys.argv.pop(1))
for folder in given["sites"]:
    site.addsitedir(folder)
sys.path[:] = given["path"] + [entry for entry in sys.path if entry not in given["path"]]
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


def command(module: str, *arguments: str) -> list[str]:
    """The command line that runs a module as ``python -m`` does, but isolated.

    Raises:
        OSError: If the path of the running interpreter is not known.
    """
    if not sys.executable:
        raise OSError("sys.executable does not name a Python interpreter.")
    # Isolated mode leaves out the user's site-packages, and with them editable installs in there.
    sites = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    given = json.dumps({"path": import_path(), "sites": sites})
    return [sys.executable, "-I", "-c", _BOOT, given, module, *arguments]


def import_path() -> list[str]:
    """``sys.path`` without the working folder and the folder of the script.

    A folder that holds this package stays. So do archives: a zipapp brings its modules along.
    """
    package = Path(__file__).resolve().parents[2]
    dropped = _folders_of_the_moment() - {package}
    kept = []
    for entry in sys.path:
        with suppress(OSError):  # a relative entry, and the working folder was removed
            path = Path(entry).absolute()
            if path.resolve() not in dropped or path.is_file():
                kept.append(path)
    if package not in [path.resolve() for path in kept]:
        kept.append(package)
    return [str(path) for path in kept]


def _folders_of_the_moment() -> set[Path]:
    folders = set()
    with suppress(OSError):
        folders.add(Path.cwd().resolve())
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if script:
        folders.add(Path(script).resolve().parent)
    return folders
