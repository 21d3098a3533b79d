"""Running one job in a worker: decode its inputs, call its program, encode its result."""

from __future__ import annotations

import json
import linecache
import sys
import traceback
import types
from typing import TYPE_CHECKING, Any, Callable

from qiskit import QiskitError

from qiskit_ibm_runtime.local import programs
from qiskit_ibm_runtime.local.pubs.errors import PubError
from qiskit_ibm_runtime.local.simulation.backend import LocalBackend
from qiskit_ibm_runtime.program import UserMessenger
from qiskit_ibm_runtime.utils.json import RuntimeEncoder

from .inputs import Inputs, LazyInputs, check

if TYPE_CHECKING:
    from .executor import Work


class Messenger(UserMessenger):
    """Messenger of a program, which also tells the program which parts of a job to run.

    Args:
        send: Receives each interim result as JSON.
        part: Number of the part to run; ``None`` for the whole job.
        may_split: Whether the program may request to be run in parts.
    """

    def __init__(
        self, send: Callable[[str], None], part: int | None = None, may_split: bool = False
    ) -> None:
        self._send, self.part, self._may_split = send, part, may_split
        self.final: str | None = None
        self.parts = 0

    def publish(
        self, message: Any, encoder: type[json.JSONEncoder] = RuntimeEncoder, final: bool = False
    ) -> None:
        """Send an interim result, or store the final one until the program ends."""
        text = json.dumps(message, cls=encoder)
        if final:
            self.final = text
        else:
            self._send(text)

    def share(self, parts: int) -> range:
        """Return the parts to run here: all, one, or none if the job will be split."""
        if self.part is not None:
            return range(self.part, self.part + 1)
        if self._may_split and parts > 1:
            self.parts = parts
            return range(0)
        return range(parts)


def run(work: Work, send: Callable[[str], None]) -> tuple[str, str]:
    """Run a job, or one part of it.

    Returns:
        ``result`` and the result as JSON, ``failure`` and a traceback, or ``parts`` and the number
        of parts to run instead.
    """
    messenger = Messenger(send, work.get("part"), work.get("may_split", False))
    program = work["program"]
    try:
        main = _main(work)
        if work.get("parameters"):
            check(work["parameters"], json.loads(work["params"]))
        inputs = _inputs(work["params"], _decoder(program))
        backend = LocalBackend.of(work["backend"])
        result = main(backend, messenger, **inputs)
        if messenger.parts:
            return "parts", str(messenger.parts)
        if messenger.final is not None and result is None:
            return "result", messenger.final
        return "result", json.dumps(result, cls=RuntimeEncoder)
    except BaseException as exc:  # noqa: BLE001  # any exception of the program fails the job
        return "failure", _report(exc)


def _decoder(program: str) -> type[json.JSONDecoder]:
    if programs.is_v2(program):
        return json.JSONDecoder
    return LazyInputs if programs.is_primitive(program) else Inputs


def _inputs(text: str, decoder: type[json.JSONDecoder]) -> dict[str, Any]:
    inputs = json.loads(text, cls=decoder)
    if not isinstance(inputs, dict):
        raise TypeError(
            f"The inputs of a program must be an object, not a {type(inputs).__name__}."
        )
    return inputs


def _main(work: Work) -> Callable[..., Any]:
    source = work.get("source")
    if source is None:
        return programs.load(work["program"])
    main: Any = _module(work["program"], source).__dict__.get("main")
    if not callable(main):
        raise TypeError(
            f"Program {work['program']!r} has no function main(backend, user_messenger, **kwargs)."
        )
    return main  # type: ignore[no-any-return]


def _module(program: str, source: str) -> types.ModuleType:
    """Load an uploaded program as a module, and register its source for tracebacks."""
    file = f"<program {program}>"
    module = types.ModuleType("runtime_program")
    module.__file__ = file
    sys.modules[module.__name__] = module
    # linecache does not invalidate entries without a modification time.
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), module.__dict__)  # noqa: S102 - runs the uploaded program
    return module


def _report(exc: BaseException) -> str:
    """Format an exception without the frames of this file.

    Invalid inputs of V2 programs are reported by code and message only.
    """
    if isinstance(exc, PubError):
        return str(exc)
    frames = exc.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    lines = traceback.format_exception(type(exc), exc, frames)
    if isinstance(exc, QiskitError):  # its str() is the repr of the message
        lines[-1] = f"{type(exc).__module__}.{type(exc).__qualname__}: {exc.message}\n"
    text = "".join(lines)
    if not text.startswith("Traceback"):
        text = f"Traceback (most recent call last):\n{text}"
    if isinstance(exc, MemoryError):
        text += "The job exceeded the memory limit of its worker.\n"
    return text
