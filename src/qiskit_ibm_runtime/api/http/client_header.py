"""Client header, which lists Qiskit packages in use but contains no paths and no user code.

Grammar: ``qiskit-version-2/<packages>/<caller>[/<custom>]``. *Packages* are the installed packages
of a fixed list with their versions; a star marks imported packages. *Caller* is the outermost
module on the call stack that belongs to one of these packages, such as
``qiskit_ibm_runtime~sampler.py``, else ``qiskit``. *Custom* is the value of
``QISKIT_IBM_RUNTIME_CUSTOM_CLIENT_APP_HEADER``.
"""

from __future__ import annotations

import os
import re
import sys
from functools import lru_cache
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

PACKAGES = (
    "qiskit_ibm_runtime",
    "qiskit_terra",
    "qiskit_aer",
    "qiskit_experiments",
    "qiskit_nature",
    "qiskit_machine_learning",
    "qiskit_optimization",
    "qiskit_finance",
)
# Terra's distribution and import names differ.
_MODULE_OF = {"qiskit_terra": "qiskit"}
# These two are always imported, and 0.9.3 sent them without a star.
_NEVER_STARRED = frozenset({"qiskit_ibm_runtime", "qiskit_terra"})
OPT_OUT = "QISKIT_IBM_RUNTIME_CLIENT_HEADER"
UNKNOWN_CALLER = "qiskit"

# Module name in the header by code file, as all functions of a file share it; ``None`` if the file
# belongs to no Qiskit package.
_caller_of_file: dict[str, str | None] = {}
# Notebooks use a new file name for each cell.
_MOST_FILES = 10_000


@lru_cache(maxsize=1)
def _installed() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package.replace("_", "-"))
        except metadata.PackageNotFoundError:
            continue
    return found


def packages() -> str:
    """Return installed packages with versions; imported ones are marked with a star."""
    return ",".join(
        f"{name}-{version}{'*' if name in sys.modules and name not in _NEVER_STARRED else ''}"
        for name, version in _installed().items()
    )


def calling_module(frame: FrameType | None) -> str:
    """Return the outermost module of a Qiskit package on the call stack, joined by ``~``."""
    outermost = None
    known = _caller_of_file
    while frame is not None:
        file = frame.f_code.co_filename
        try:
            caller = known[file]
        except KeyError:
            if len(known) >= _MOST_FILES:
                known.clear()
            caller = known[file] = _caller_in(frame)
        if caller is not None:
            outermost = caller
        frame = frame.f_back
    return outermost or UNKNOWN_CALLER


def _caller_in(frame: FrameType) -> str | None:
    """Return the module name of a frame if it belongs to an imported package of the list."""
    name = frame.f_globals.get("__name__")
    if not isinstance(name, str) or frame.f_code.co_filename.startswith("<"):
        return None
    top = name.partition(".")[0]
    modules = {_MODULE_OF.get(package, package) for package in _installed()}
    if top not in modules or sys.modules.get(name) is None:
        return None
    inside = f"{name}.__init__" if "__path__" in frame.f_globals else name
    return inside.replace(".", "~") + ".py"


def client_application(custom: str = "") -> str:
    """Return the header that a request from the caller would send.

    ``QISKIT_IBM_RUNTIME_CLIENT_HEADER=off`` removes all but the name of the format and the custom
    string.

    Args:
        custom: Custom string of the user.
    """
    if os.environ.get(OPT_OUT, "").lower() in ("off", "0", "false", "no"):
        parts = ["qiskit-version-2", "", UNKNOWN_CALLER]
    else:
        parts = ["qiskit-version-2", packages(), calling_module(sys._getframe(1))]
    return "/".join([*parts, _printable(custom)] if custom else parts)


def _printable(text: str) -> str:
    """Replace everything but printable ASCII, as other characters are invalid in a header."""
    return re.sub(r"[^\x20-\x7e]", "?", text).strip()
