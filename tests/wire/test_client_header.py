"""The client header: packages in use, and nothing about the user."""

from __future__ import annotations

import builtins
import linecache
import re
import runpy
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from qiskit_ibm_runtime.api.http import client_header as caller
from qiskit_ibm_runtime.api.http.client_header import client_application
from qiskit_ibm_runtime.api.session import (
    CUSTOM_HEADER_ENV_VAR,
    QE_PROVIDER_HEADER_ENV_VAR,
    RetrySession,
)

HEADER = "x-qx-client-application"
GRAMMAR = re.compile(
    r"qiskit-version-2/"
    r"qiskit_ibm_runtime-[^,*/]+,qiskit_terra-[^,*/]+(,qiskit_\w+-[^,*/]+\*?)*/"
    r"[\w~]+(\.py)?(/[^/]+)?"
)


@pytest.fixture(autouse=True)
def _clear_file_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "_caller_of_file", {})


def deep(depth: int, call: Any) -> Any:
    return call() if depth == 0 else deep(depth - 1, call)


def module_with(name: str, file: str, **names: Any) -> types.ModuleType:
    """Create a module with a function ``run(call)``, as if imported from a file."""
    module = types.ModuleType(name)
    vars(module).update(names)
    exec(compile("def run(call):\n    return call()\n", file, "exec"), vars(module))
    return module


def test_sends_what_client_application_returns(service: Any) -> None:
    with RetrySession(service.base) as session:
        said = session.client_application()
        sent = session.get("/echo").json()["headers"][HEADER]

    assert sent == said
    assert GRAMMAR.fullmatch(sent)


@pytest.mark.parametrize("variable", [CUSTOM_HEADER_ENV_VAR, QE_PROVIDER_HEADER_ENV_VAR])
def test_custom_text_is_sent_with_every_request(
    service: Any, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "my-app")
    with RetrySession(service.base) as session:
        for _ in range(3):
            session.get("/echo")

    assert [seen.headers[HEADER].rpartition("/")[2] for seen in service.seen] == ["my-app"] * 3


def test_custom_text_cannot_break_the_header(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CUSTOM_HEADER_ENV_VAR, "a\r\nX-Access-Token: é")
    with RetrySession(service.base) as session:
        sent = session.get("/echo").json()["headers"]

    assert sent[HEADER].endswith("/a??X-Access-Token: ?")
    assert "x-access-token" not in sent


def test_imported_package_has_a_star(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        caller,
        "_installed",
        lambda: {"qiskit_ibm_runtime": "1", "qiskit_terra": "2", "qiskit_nature": "3"},
    )
    monkeypatch.delitem(sys.modules, "qiskit_nature", raising=False)
    assert caller.packages() == "qiskit_ibm_runtime-1,qiskit_terra-2,qiskit_nature-3"

    monkeypatch.setitem(sys.modules, "qiskit_nature", types.ModuleType("qiskit_nature"))
    assert caller.packages() == "qiskit_ibm_runtime-1,qiskit_terra-2,qiskit_nature-3*"


def test_names_the_outermost_module_of_a_known_package(monkeypatch: pytest.MonkeyPatch) -> None:
    outer = module_with("qiskit.algorithms.search", "/any/qiskit/algorithms/search.py")
    inner = module_with("qiskit_ibm_runtime.sampler_", "/any/qiskit_ibm_runtime/sampler_.py")
    package = module_with("qiskit_ibm_runtime.pkg", "/any/pkg/__init__.py", __path__=[])
    for module in (outer, inner, package):
        monkeypatch.setitem(sys.modules, module.__name__, module)

    def named(call: Any) -> str:
        return call(client_application).split("/")[2]

    assert named(inner.run) == "qiskit_ibm_runtime~sampler_.py"
    assert named(package.run) == "qiskit_ibm_runtime~pkg~__init__.py"
    assert named(lambda call: outer.run(lambda: inner.run(call))) == "qiskit~algorithms~search.py"
    assert named(lambda call: call()) == "qiskit"


def test_never_sends_user_folders(tmp_path: Path) -> None:
    """In 0.9.3, a script in a folder whose name starts with "qiskit" leaks its path."""
    folder = tmp_path / "qiskit-secret" / "qiskit_aer"
    folder.mkdir(parents=True)
    script = folder / "plan.py"
    script.write_text(
        "from qiskit_ibm_runtime.api.http.client_header import client_application\n"
        "header = client_application()\n"
    )
    for run_name in ("__main__", "qiskit_secret.plan", "qiskit_nature.plan"):
        header = runpy.run_path(str(script), run_name=run_name)["header"]
        assert "secret" not in header
        assert "plan" not in header
        assert str(tmp_path) not in header


def test_opting_out_sends_only_the_format_name(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QISKIT_IBM_RUNTIME_CLIENT_HEADER", "off")
    monkeypatch.setenv(CUSTOM_HEADER_ENV_VAR, "chosen")
    with RetrySession(service.base) as session:
        assert session.get("/echo").json()["headers"][HEADER] == "qiskit-version-2//qiskit/chosen"


def test_frame_walk_reads_no_source_and_classifies_each_file_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Count the work instead of timing it: one lookup per frame, one decision per file."""
    client_application()
    caller._caller_of_file.clear()

    def forbidden(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("No source is read.")

    judged: list[str] = []
    judge = caller._caller_in

    def noting(frame: Any) -> Any:
        judged.append(frame.f_code.co_filename)
        return judge(frame)

    monkeypatch.setattr(caller, "_caller_in", noting)
    monkeypatch.setattr(linecache, "getline", forbidden)
    monkeypatch.setattr(linecache, "getlines", forbidden)
    monkeypatch.setattr(builtins, "open", forbidden)
    for _ in range(20):
        deep(300, client_application)
    monkeypatch.undo()

    assert len(judged) == len(set(judged))
    assert __file__ in judged


def test_file_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "_MOST_FILES", 5)
    for number in range(20):
        module_with(f"cell{number}", f"/cell/{number}.py").run(client_application)

    assert len(caller._caller_of_file) <= 5 + 60
