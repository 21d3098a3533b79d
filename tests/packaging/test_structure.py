"""Rules for the structure of the code."""

from __future__ import annotations

from benchmarks.structure import SOURCE, circles, imports


def test_no_import_cycles_even_inside_functions() -> None:
    assert circles(imports()) == []


def test_no_module_has_more_than_500_lines() -> None:
    lengths = {path: path.read_text(encoding="utf-8").count("\n") for path in SOURCE.rglob("*.py")}

    assert {path.name: lines for path, lines in lengths.items() if lines > 500} == {}


def test_finds_import_cycles() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": {"f"}, "f": {"e"}}

    assert circles(graph) == [{"a", "b", "c"}, {"e", "f"}]
