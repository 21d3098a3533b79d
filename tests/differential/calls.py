"""Helpers shared by all groups of calls, and unusual argument values."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import numpy as np
import qiskit
from tests.differential.record import Calls
from tests.standin import CRN, DEVICE, StandIn

from qiskit_ibm_runtime import QiskitRuntimeService


class Text(str):
    """A subclass of `str`."""

    __slots__ = ()


# Values that callers may pass for each kind of argument, by the name used in reports.
NOTHING: dict[str, Any] = {"None": None, "''": "", "0": 0, "False": False, "[]": [], "{}": {}}
FLAG: dict[str, Any] = {**NOTHING, "True": True, "1": 1, "numpy": np.True_, "yes": "yes"}
NUMBER: dict[str, Any] = {
    **NOTHING,
    "1": 1,
    "5": 5,
    "True": True,
    "2.0": 2.0,
    "1.5": 1.5,
    "-1": -1,
    "numpy": np.int64(5),
    "numpy float": np.float64(5),
}
TEXT: dict[str, Any] = {
    **NOTHING,
    "text": "text",
    "numpy": np.str_("text"),
    "own class": Text("text"),
    "blank": " ",
    "UUID": UUID(int=5),
    "Path": Path("text"),
    "5": 5,
}
TEXTS: dict[str, Any] = {
    **NOTHING,
    "list": ["a"],
    "tuple": ("a",),
    "set": {"a"},
    "text": "a",
    "numpy": np.array(["a"]),
}
FUNCTION: dict[str, Any] = {**NOTHING, "print": print, "class": dict}
DICT: dict[str, Any] = {
    **NOTHING,
    "OrderedDict": OrderedDict(a=1),
    "int keys": {1: 2},
    "proxy": MappingProxyType({"a": 1}),
}
DATA = Path(qiskit.__file__).parent / "providers/fake_provider/backends/lima"


def device(kind: str) -> dict[str, Any]:
    """Return a document of a real device: ``conf``, ``props`` or ``defs``."""
    document: dict[str, Any] = json.loads((DATA / f"{kind}_lima.json").read_text())
    return {**document, "backend_name": DEVICE}


class Place(StandIn):
    """A stand-in with one real device, three jobs and a program."""

    def __enter__(self) -> Place:  # noqa: PYI034 - `Self` came with Python 3.11
        super().__enter__()
        self.answers = {
            f"GET /backends/{DEVICE}/configuration": (200, device("conf")),
            f"GET /backends/{DEVICE}/properties": (200, device("props")),
            f"GET /backends/{DEVICE}/defaults": (200, device("defs")),
            f"GET /backends/{DEVICE}/status": (
                200,
                {"state": True, "status": "active", "length_queue": 3, "backend_version": "1"},
            ),
        }
        self.add_jobs(3)
        return self

    def answer(self, call: str, query: dict[str, list[str]], body: bytes) -> tuple[int, Any]:
        """Reject unreadable requests; a broken connection would be retried for a long time."""
        try:
            return super().answer(call, query, body)
        except (ValueError, KeyError, TypeError) as exc:
            return 400, {"errors": [{"code": 1, "message": f"{type(exc).__name__}: {exc}"}]}

    @property
    def standin(self) -> StandIn:
        """Return the stand-in."""
        return self

    def cloud(self) -> QiskitRuntimeService:
        """Return a service on channel ``ibm_cloud``."""
        return QiskitRuntimeService(
            channel="ibm_cloud", url=f"{self.url}/experimental", token="t", instance=CRN
        )

    def job(self, **fields: Any) -> Any:
        """Return a job whose record has these fields."""
        self.add_jobs(1, **fields)
        return self.service().job(self.jobs[-1]["id"])


def each(call: Callable[..., Any], values: dict[str, Any], *names: str, **fixed: Any) -> Calls:
    """Call with each unusual value in turn, for each of these arguments."""
    for name in names:
        for label, value in values.items():
            arguments = {**fixed, name: value}
            yield f"{name}={label}", lambda arguments=arguments: call(**arguments)
