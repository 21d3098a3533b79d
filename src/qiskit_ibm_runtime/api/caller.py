"""The header that tells the service which Qiskit packages are at work: no paths, no user code."""

from __future__ import annotations

import os
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
OPT_OUT = "QISKIT_IBM_RUNTIME_CLIENT_HEADER"


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
    """Installed packages with versions, a star on those that are imported."""
    return ",".join(
        f"{name}-{version}{'*' if name in sys.modules else ''}"
        for name, version in _installed().items()
    )


def calling_module(frame: FrameType | None) -> str:
    """The outermost module of a known package on the stack, as ``package~module.py``."""
    outermost = "qiskit"
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith("qiskit") and name.split(".", 1)[0] in PACKAGES:
            outermost = name.replace(".", "~") + ".py"
        frame = frame.f_back
    return outermost


def client_application(custom: str = "") -> str:
    """Return exactly what is sent with a request made now from here."""
    if os.environ.get(OPT_OUT, "").lower() == "off":
        return "qiskit-version-2//qiskit"
    parts = ["qiskit-version-2", packages(), calling_module(sys._getframe(1))]
    return "/".join([*parts, custom] if custom else parts)
