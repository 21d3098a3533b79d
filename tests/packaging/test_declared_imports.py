"""The package declares what it imports, extra by extra."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "qiskit_ibm_runtime"
OURS = {"qiskit_ibm_runtime"}
# The extra that provides the imports of a part of the package; the first match applies.
PARTS = [
    ("local/execution/dask_executor.py", "dask"),
    ("local/page/", "page"),
    ("local/programs/drawing.py", "page"),
    ("local/", "local"),
    ("testing/", "local"),
    ("proxies/", "ntlm"),
    ("cli/", "cli"),
    ("_jobs/progress.py", "notebook"),
    ("visualization.py", "visualization"),
    ("", None),
]
EXCEPTIONS = {
    ("testing/pytest_plugin.py", "pytest"),  # pytest loads the plug-in
    ("local/settings.py", "tomllib"),  # part of Python from 3.11 on
    ("local/settings.py", "tomli"),  # declared for, and imported by, older Python
}
# Aer objects come from users who have it; it is only imported inside functions.
ALSO_WITHOUT = {"qiskit_aer"}

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 10), reason="Python 3.9 does not list its own modules"
)


def imports(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Each imported top module, and whether the import is inside a function."""

    def visit(node: ast.AST, inside: bool) -> Iterator[tuple[str, bool]]:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0], inside
        inside = inside or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inside)

    return visit(tree, False)


@lru_cache(maxsize=1)
def providers() -> dict[str, set[str]]:
    """Return the distributions that provide each importable module."""
    found: dict[str, set[str]] = {}
    for each in distributions():
        tops = {file.parts[0].removesuffix(".py") for file in each.files or ()}
        for top in tops:
            found.setdefault(top, set()).add(canonicalize_name(each.metadata["Name"]))
    return found


def providers_of(module: str) -> set[str]:
    """The distributions of a module; one of its own name if it is not installed here."""
    return providers().get(module) or {canonicalize_name(module)}


def lines_of(name: str) -> list[str]:
    """Return the requirements of a distribution; for ours, those in pyproject.toml."""
    if name != "qiskit-ibm-runtime":
        try:
            return distribution(name).requires or []
        except PackageNotFoundError:
            return []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra, required in project["optional-dependencies"].items():
        for line in required:
            text, _, marker = line.partition(";")
            of_extra = f"extra == '{extra}'"
            lines.append(f"{text}; ({marker}) and {of_extra}" if marker else f"{text}; {of_extra}")
    return lines


def requirements(name: str, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for requirement in map(Requirement, lines_of(name)):
        environments = [{"extra": extra} for extra in extras or {""}]
        if not requirement.marker or any(map(requirement.marker.evaluate, environments)):
            yield canonicalize_name(requirement.name), frozenset(requirement.extras)


@cache
def declared(extra: str | None) -> set[str]:
    """Return all distributions installed with an extra."""
    todo = [("qiskit-ibm-runtime", frozenset({extra} if extra else set()))]
    done: set[tuple[str, frozenset[str]]] = set()
    while todo:
        entry = todo.pop()
        if entry not in done:
            done.add(entry)
            todo.extend(requirements(*entry))
    return {name for name, _ in done}


def extra_of(file: str) -> str | None:
    return next(extra for start, extra in PARTS if file.startswith(start))


def undeclared(file: str, text: str) -> list[str]:
    """Return the imports of a file that no requirement provides."""
    brought = declared(extra_of(file))
    return sorted(
        {
            module
            for module, inside in imports(ast.parse(text))
            if module not in sys.stdlib_module_names | OURS
            and not brought & providers_of(module)
            and (file, module) not in EXCEPTIONS
            and not (inside and module in ALSO_WITHOUT)
        }
    )


FILES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))


def test_every_import_is_declared() -> None:
    found = {file: undeclared(file, (SOURCE / file).read_text(encoding="utf-8")) for file in FILES}

    assert {file: modules for file, modules in found.items() if modules} == {}


def test_every_declared_library_is_imported() -> None:
    used = {
        provider
        for file in FILES
        for module, _ in imports(ast.parse((SOURCE / file).read_text(encoding="utf-8")))
        for provider in providers_of(module)
    }
    # `websockets` is loaded by uvicorn; `qiskit` is pinned to exclude 1.0.
    unused = {"qiskit", "websockets"} | {"tomli"}
    for extra in (None, "local", "dask", "ntlm", "cli", "notebook", "visualization"):
        names = {name for name, _ in requirements("qiskit-ibm-runtime", frozenset({extra or ""}))}
        assert names - used - unused - {"qiskit-ibm-runtime"} == set(), extra


@pytest.mark.parametrize(
    ("file", "text", "missing"),
    [
        ("_codecs/arrays.py", "import scipy.sparse", []),
        ("api/session.py", "import starlette", ["starlette"]),
        ("api/session.py", "def f():\n    import spnego", ["spnego"]),
        ("api/session.py", "def f():\n    import qiskit_aer", []),
        ("api/session.py", "import qiskit_aer", ["qiskit_aer"]),
        ("api/session.py", "import no_such_library", ["no_such_library"]),
        ("local/app.py", "import starlette, qiskit_aer", []),
        ("local/app.py", "import distributed", ["distributed"]),
        ("local/execution/dask_executor.py", "import distributed, starlette", []),
        ("proxies/configuration.py", "import requests_ntlm", []),
        ("testing/servers.py", "import pytest", ["pytest"]),
    ],
)
def test_comparison_distinguishes_submodules_and_extras(
    file: str, text: str, missing: list[str]
) -> None:
    assert undeclared(file, text) == missing
