"""How the code is laid out, and how far a call travels in it: ``python -m benchmarks.structure``.

For the client, the embedded runtime, the other packages and the tests it prints modules, lines and
how often ``Any`` is named; the circles of imports, also those inside functions; for four calls the
functions and files of ours that they enter, and how often the next function stands in another file;
and the forms that one option takes on its way from the user to the request.
"""

from __future__ import annotations

import ast
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import CodeType, FrameType

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "qiskit_ibm_runtime"
SOURCE = ROOT / "src" / PACKAGE
APART = ("_platform", "cli", "local", "testing")  # what is no part of the client
MARK = 1357  # shots that occur nowhere else


def module_name(path: Path) -> str:
    """Return the dotted name of a file of the package."""
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def area(path: Path) -> str:
    """Return the part of the project that a file belongs to."""
    if SOURCE not in path.parents:
        return "tests"
    first = path.relative_to(SOURCE).parts[0]
    return first if first in APART else "client"


def sizes() -> Iterator[tuple[str, int, int, float]]:
    """Yield the modules, the lines and the ``Any`` per thousand lines of each area."""
    files = [*SOURCE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    for name in sorted({area(path) for path in files}):
        texts = [path.read_text(encoding="utf-8") for path in files if area(path) == name]
        lines = sum(text.count("\n") for text in texts)
        anys = sum(
            isinstance(node, ast.Name) and node.id == "Any"
            for text in texts
            for node in ast.walk(ast.parse(text))
        )
        yield name, len(texts), lines, 1000 * anys / lines


def imports() -> dict[str, set[str]]:
    """Return what each module imports of ours, inside functions too; not for type checkers only."""
    paths = {module_name(path): path for path in SOURCE.rglob("*.py")}
    graph: dict[str, set[str]] = {}
    for name, path in paths.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        found: set[str] = set()
        for node in _executed(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                parents = package.split(".")
                above = ".".join(parents[: len(parents) + 1 - node.level]) if node.level else ""
                base = ".".join(filter(None, (above, node.module)))
                names = {f"{base}.{alias.name}" for alias in node.names}
                found |= (names & paths.keys()) or {base}
        graph[name] = (found & paths.keys()) - {name}
    return graph


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below one, without those that only type checkers read."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        for each in node.orelse:
            yield from _executed(each)
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _executed(child)


def circles(graph: Mapping[str, set[str]]) -> list[set[str]]:
    """Return the groups of modules that import each other, directly or not."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for name in graph[todo.pop()] - seen:
                seen.add(name)
                todo.append(name)
        return seen

    below = {name: reached(name) for name in graph}
    groups = {
        frozenset(other for other in below[name] if name in below[other])
        for name in graph
        if name in below[name]
    }
    return sorted(map(set, groups), key=sorted)


class Walk:
    """What a call entered of the package, in the thread that made it."""

    def __init__(self) -> None:
        self.functions: set[CodeType] = set()
        self.files: set[str] = set()
        self.changes = 0
        self.forms: dict[tuple[str, tuple[str, ...]], str] = {}
        self._last = ""

    def note(self, frame: FrameType, event: str, value: Any) -> None:
        """Note the call or the return of a function; for ``sys.setprofile``."""
        code = frame.f_code
        if event not in ("call", "return") or not code.co_filename.startswith(str(SOURCE)):
            return
        if event == "return":
            self._note_form(value, code)
            return
        for given in list(frame.f_locals.values()):
            self._note_form(given, code)
        if code.co_name in ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<module>"):
            return
        self.functions.add(code)
        self.files.add(code.co_filename)
        self.changes += code.co_filename != self._last
        self._last = code.co_filename

    def _note_form(self, value: Any, code: CodeType) -> None:
        form = _form(value)
        if form is not None:
            where = f"{Path(code.co_filename).relative_to(SOURCE)}:{code.co_name}"
            self.forms.setdefault(form, where)


def _form(value: Any) -> tuple[str, tuple[str, ...]] | None:
    """Return the type and the names of a container that holds the marked option."""
    if isinstance(value, (str, bytes)) and len(value) > 100:
        text = value.decode(errors="replace") if isinstance(value, bytes) else value
        return (type(value).__name__, ()) if f'"shots": {MARK}' in text else None
    fields = _fields(value)
    if fields is None or not _holds(value):
        return None
    return type(value).__name__, tuple(sorted(map(str, fields)))


def _fields(value: Any) -> Mapping[Any, Any] | None:
    if type(value).__name__ in ("Options", "ExecutionOptions", "RuntimeOptions"):
        return vars(value)
    return value if isinstance(value, dict) else None


def _holds(value: Any, depth: int = 3) -> bool:
    fields = _fields(value)
    if fields is None or depth < 0:
        return isinstance(value, int) and value == MARK
    return any(_holds(each, depth - 1) for each in list(fields.values()))


@contextmanager
def walking() -> Iterator[Walk]:
    """Note what the block enters."""
    walk = Walk()
    sys.setprofile(walk.note)
    try:
        yield walk
    finally:
        sys.setprofile(None)


def walks() -> Iterator[tuple[str, Walk]]:
    """Walk four calls on the embedded runtime, each after one like it."""
    from qiskit import QuantumCircuit

    from qiskit_ibm_runtime import QiskitRuntimeService, Sampler

    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()
    service = QiskitRuntimeService(channel="local")
    sampler = Sampler(session=service.backend("ibmq_qasm_simulator"))
    where = {"backend": "ibmq_qasm_simulator"}
    sampler.run(bell, shots=MARK).result()
    service.run("hello-world", {"iterations": 1}, options=where).result()
    with walking() as walk:
        job = sampler.run(bell, shots=MARK)
    yield "Sampler.run", walk
    with walking() as walk:
        service.run("hello-world", {"iterations": 1}, options=where)
    yield "service.run", walk
    with walking() as walk:
        job.result()
    yield "job.result", walk
    service.job(job.job_id())
    with walking() as walk:
        service.job(job.job_id())
    yield "service.job", walk


def main() -> None:
    """Print all figures."""
    warnings.simplefilter("ignore")
    print(f"{'area':<12}{'modules':>8}{'lines':>8}{'Any per 1000':>14}")
    for name, modules, lines, anys in sizes():
        print(f"{name:<12}{modules:>8}{lines:>8}{anys:>14.1f}")
    found = circles(imports())
    print(f"\n{len(found)} circles of imports")
    for group in found:
        print("  " + ", ".join(sorted(name[len(PACKAGE) + 1 :] for name in group)))
    print(f"\n{'call':<12}{'functions':>10}{'files':>7}{'changes of file':>17}")
    forms: dict[tuple[str, tuple[str, ...]], str] = {}
    for name, walk in walks():
        print(f"{name:<12}{len(walk.functions):>10}{len(walk.files):>7}{walk.changes:>17}")
        forms = forms or walk.forms
    print(f"\n{len(forms)} forms of an option, from the user to the request")
    for (kind, names), where in forms.items():
        print(f"  {kind}({', '.join(names)[:60]}) first in {where}")


if __name__ == "__main__":
    main()
