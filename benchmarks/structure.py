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
from importlib.util import resolve_name
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import rustworkx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "qiskit_ibm_runtime"
SOURCE = ROOT / "src" / PACKAGE
APART = ("_platform", "cli", "local", "testing")  # what is no part of the client
MARK = 1357  # shots that occur nowhere else
INLINE = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<module>")


def area(path: Path) -> str:
    """Return the part of the project that a file belongs to."""
    if SOURCE not in path.parents:
        return "tests"
    first = path.relative_to(SOURCE).parts[0]
    return first if first in APART else "client"


def sizes() -> Iterator[tuple[str, int, int, float]]:
    """Yield the modules, the lines and the ``Any`` per thousand lines of each area."""
    files = [*SOURCE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    for name in sorted(set(map(area, files))):
        texts = [path.read_text(encoding="utf-8") for path in files if area(path) == name]
        lines = sum(text.count("\n") for text in texts)
        nodes = (node for text in texts for node in ast.walk(ast.parse(text)))
        anys = sum(isinstance(node, ast.Name) and node.id == "Any" for node in nodes)
        yield name, len(texts), lines, 1000 * anys / lines


def imports() -> dict[str, set[str]]:
    """Return what each module imports of ours, inside functions too; not for type checkers only."""
    paths = {}
    for path in SOURCE.rglob("*.py"):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        paths[".".join(parts).removesuffix(".__init__")] = path
    graph: dict[str, set[str]] = {}
    for name, path in paths.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                node.body.clear()
        found: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = resolve_name("." * node.level + (node.module or ""), package)
                names = {f"{base}.{alias.name}" for alias in node.names}
                found |= (names & paths.keys()) or {base}
        graph[name] = (found & paths.keys()) - {name}
    return graph


def circles(graph: Mapping[str, set[str]]) -> list[set[str]]:
    """Return the groups of modules that import each other, directly or not."""
    names = sorted({*graph, *(name for found in graph.values() for name in found)})
    numbers = {name: number for number, name in enumerate(names)}
    edges = rustworkx.PyDiGraph()
    edges.extend_from_edge_list(
        [(numbers[name], numbers[other]) for name in graph for other in graph[name]]
    )
    groups = rustworkx.strongly_connected_components(edges)
    found = ({names[number] for number in group} for group in groups if len(group) > 1)
    return sorted(found, key=sorted)


class Walk:
    """What a call entered of the package, in the thread that made it."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.entered: list[tuple[str, Any]] = []
        self.forms: dict[tuple[str, tuple[str, ...]], str] = {}
        sys.setprofile(self._note)
        try:
            self.returned = call()
        finally:
            sys.setprofile(None)

    def figures(self) -> tuple[int, int, int]:
        """Return the numbers of functions, of files, and of changes of file."""
        files = [file for file, _ in self.entered]
        changes = sum(one != other for one, other in zip(["", *files], files))
        return len({code for _, code in self.entered}), len(set(files)), changes

    def _note(self, frame: Any, event: str, value: Any) -> None:
        code = frame.f_code
        if event not in ("call", "return") or not code.co_filename.startswith(str(SOURCE)):
            return
        for seen in [value] if event == "return" else list(frame.f_locals.values()):
            form = _form(seen)
            if form is not None:
                where = f"{Path(code.co_filename).relative_to(SOURCE)}:{code.co_name}"
                self.forms.setdefault(form, where)
        if event == "call" and code.co_name not in INLINE:
            self.entered.append((code.co_filename, code))


def _form(value: Any) -> tuple[str, tuple[str, ...]] | None:
    """Return the type and the names of a container that holds the marked option."""
    if isinstance(value, (str, bytes)):
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


def walks() -> dict[str, Walk]:
    """Walk four calls on the embedded runtime, each after one like it."""
    from qiskit import QuantumCircuit

    from qiskit_ibm_runtime import QiskitRuntimeService, Sampler

    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()
    service = QiskitRuntimeService(channel="local")
    sampler = Sampler(session=service.backend("ibmq_qasm_simulator"))

    def sample() -> Any:
        return sampler.run(bell, shots=MARK)

    def hello() -> Any:
        where = {"backend": "ibmq_qasm_simulator"}
        return service.run("hello-world", {"iterations": 1}, options=where)

    sample().result()
    hello().result()
    found = {"Sampler.run": Walk(sample), "service.run": Walk(hello)}
    job = found["Sampler.run"].returned
    found["job.result"] = Walk(job.result)
    service.job(job.job_id())
    return {**found, "service.job": Walk(lambda: service.job(job.job_id()))}


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
    walked = walks()
    for name, walk in walked.items():
        print("{:<12}{:>10}{:>7}{:>17}".format(name, *walk.figures()))
    forms = walked["Sampler.run"].forms
    print(f"\n{len(forms)} forms of an option, from the user to the request")
    for (kind, names), where in forms.items():
        print(f"  {kind}({', '.join(names)[:60]}) first in {where}")


if __name__ == "__main__":
    main()
