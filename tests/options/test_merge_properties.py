"""Properties of merging, on random trees of options.

``OPTION_TREES=10000`` runs that many for each property.
"""

from __future__ import annotations

import copy
import os
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from qiskit_ibm_runtime.options import Options
from qiskit_ibm_runtime.options.flexible import to_dict
from qiskit_ibm_runtime.options.options import DEFAULTS, SECTIONS, TOP_LEVEL

merge = Options._merge_options
many = settings(max_examples=int(os.environ.get("OPTION_TREES", "60")))


class Value:
    """A value that must not be copied, like a callback, a noise model or a lock."""

    def __deepcopy__(self, memo: object) -> Value:
        return self  # the tests make deep copies for comparison; merge must not


# Each name occurs in one section: with duplicates, the result depends on the merge order.
EXTRAS = {section: (f"{section}_extra", f"{section}_more") for section in SECTIONS}
TOP_EXTRAS = ("image", "foo", "bar")
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.builds(Value))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
    max_leaves=5,
)


def some_of(names: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(sorted(names)), VALUES, max_size=4)


def sections() -> st.SearchStrategy[dict[str, Any]]:
    each = {
        section: st.one_of(st.none(), some_of({*DEFAULTS[section], *EXTRAS[section]}))
        for section in SECTIONS
    }
    return st.fixed_dictionaries({}, optional=each)


FLAT = {name for names in DEFAULTS.values() for name in names}
TOP = {name for name in TOP_LEVEL if name not in SECTIONS} | set(TOP_EXTRAS)
TREES = st.builds(lambda flat, nested: {**flat, **nested}, some_of(FLAT | TOP), sections())
OPTIONS = TREES.map(lambda tree: merge(to_dict(Options()), tree))


@many
@given(OPTIONS, TREES, TREES)
def test_merge_is_associative(
    options: dict[str, Any], first: dict[str, Any], second: dict[str, Any]
) -> None:
    assert merge(merge(options, first), second) == merge(options, merge(first, second))


@many
@given(OPTIONS, TREES)
def test_merge_is_idempotent(options: dict[str, Any], new: dict[str, Any]) -> None:
    once = merge(options, new)

    assert merge(once, new) == once


@many
@given(OPTIONS, TREES)
def test_merge_neither_loses_nor_adds_values(options: dict[str, Any], new: dict[str, Any]) -> None:
    result = merge(options, new)

    expected: dict[tuple[str, ...], Any] = dict(leaves(options))
    homes = {name: section for section in SECTIONS for name in options[section]}
    for name, value in new.items():
        if name not in SECTIONS:
            expected[(homes[name], name) if name in homes else (name,)] = value
    expected.update(
        {(section, name): v for section in SECTIONS for name, v in (new.get(section) or {}).items()}
    )
    assert dict(leaves(result)) == expected


@many
@given(OPTIONS, TREES)
def test_merge_does_not_modify_or_share_inputs(
    options: dict[str, Any], new: dict[str, Any]
) -> None:
    before = copy.deepcopy((options, new))

    result = merge(options, new)
    modify_all(result)

    assert (options, new) == before


def leaves(options: dict[str, Any]) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, value in options.items():
        if name in SECTIONS:
            found.extend(((name, inner), leaf) for inner, leaf in value.items())
        else:
            found.append(((name,), value))
    return found


def modify_all(value: Any, name: str = "") -> None:
    """Modify every mutable container, at all levels."""
    if name == "noise_model":
        return  # shared on purpose: see `merged`
    if isinstance(value, dict):
        for key, inner in value.items():
            modify_all(inner, key)
        value["spoilt"] = True
    elif isinstance(value, (list, tuple)):
        for inner in value:
            modify_all(inner)
        if isinstance(value, list):
            value.append("spoilt")
