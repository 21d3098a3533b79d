"""Make the calls of this folder with the installed client, and record each outcome.

python -m tests.differential.record OUT.json [MODULE ...]

Run by ``compare.py`` in two interpreters; a stand-in for the service runs in the same process.
"""

from __future__ import annotations

import importlib
import io
import json
import logging
import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.standin import Request

MODULES = ("accounts", "backends", "jobs", "primitives", "programs", "sessions", "starts")
# Objects of these classes are recorded by what users see.
SHOWN = {
    "RuntimeJob": lambda job: [job.program_id, job.session_id, job.image],
    "IBMBackend": lambda backend: [backend.name, backend._instance],
    "IBMRetiredBackend": lambda backend: [backend.name, str(backend.status().status_msg)],
    "RuntimeProgram": lambda program: program.to_dict(),
    "Session": lambda session: [session.session_id, session.backend(), session._max_time],
    "RuntimeSession": lambda session: session.info(),
    "RuntimeOptions": vars,
    "ParameterNamespace": lambda form: {k: v for k, v in vars(form).items() if k[0] != "_"},
    "BackendStatus": lambda status: status.to_dict(),
    "BackendProperties": lambda properties: properties.to_dict(),
    "QasmBackendConfiguration": lambda configuration: configuration.to_dict(),
}
SHOWN["PulseBackendConfiguration"] = SHOWN["QasmBackendConfiguration"]
SHOWN["PulseConfiguration"] = SHOWN["QasmBackendConfiguration"]

LONGEST = 10  # seconds

Calls = Iterator[tuple[str, Callable[[], Any]]]


def described(value: Any) -> Any:
    """Return a value in JSON's types."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return round(value, 9)
    if isinstance(value, complex):
        return ["complex", value.real, value.imag]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): described(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [described(entry) for entry in value]
    name = type(value).__name__
    return [name, described(SHOWN[name](value))] if name in SHOWN else f"<{name}>"


class TooSlowError(Exception):
    """A call that does not return."""


def _give_up(*_: object) -> None:
    raise TooSlowError


def outcome(call: Callable[[], Any]) -> dict[str, Any]:
    """Return the outcome of a call: a value or an error, warnings, and printed output."""
    seen: dict[str, Any] = {}
    with (
        warnings.catch_warnings(record=True) as caught,
        redirect_stdout(io.StringIO()) as printed,
    ):
        warnings.simplefilter("always")
        signal.alarm(LONGEST)
        try:
            seen["returns"] = described(call())
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what is compared
            seen["raises"] = [kind.__name__ for kind in type(error).__mro__]
            seen["text"] = str(error)[:300]
        finally:
            signal.alarm(0)
    ours = (warning for warning in caught if warning.category is not ResourceWarning)
    seen["warnings"] = sorted(warning.category.__name__ for warning in ours)
    seen["printed"] = printed.getvalue()
    return seen


def sent(requests: Iterable[Request]) -> list[Any]:
    """Return the requests that change state, and the query of the first page of a listing."""
    kept: list[Any] = []
    for request in requests:
        call = request.call
        listing = call in ("GET /jobs", "GET /programs")
        if not call.startswith("GET") or (listing and call not in [entry[0] for entry in kept]):
            kept.append([call, request.query, request.body.decode(errors="replace")])
    return [
        [call, query, json.loads(body) if body.startswith("{") else body]
        for call, query, body in kept
    ]


def record(module: str) -> dict[str, Any]:
    """Make the calls of one module, each group with its own stand-in."""
    from tests.differential.calls import Place

    found: dict[str, Any] = {}
    for group in importlib.import_module(f"tests.differential.{module}").GROUPS:
        with Place() as place:
            for name, call in group(place):
                place.standin.requests.clear()
                seen = outcome(call)
                seen["sent"] = sent(place.standin.requests)
                found[f"{module}/{group.__name__}/{name}"] = json.loads(
                    json.dumps(seen).replace(place.standin.url, "http://standin")
                )
    return found


def main() -> None:
    """Record all modules, or the given ones."""
    out, *modules = sys.argv[1:]
    os.environ["HOME"] = tempfile.mkdtemp()
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGALRM, _give_up)
    found: dict[str, Any] = {}
    for module in modules or MODULES:
        found.update(record(module))
    Path(out).write_text(json.dumps(found, indent=1))
    os._exit(0)  # 0.9.3 waits for threads that read streams


if __name__ == "__main__":
    main()
