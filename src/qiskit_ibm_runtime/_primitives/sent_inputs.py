"""Convert the inputs of a primitive to their sent form."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from .circuit_checks import as_positions, check_places
from .index_lists import circuits_run, is_of_primitive, without_repeats
from .observables import as_numbers
from .option_readers import READERS, SKIP_CHECKS, scalar


def as_sent(program_id: str, inputs: Any) -> Any:
    """Return inputs in their sent form; those of other programs unchanged.

    Raises:
        ValueError: If no service could run them: an option is of the wrong type or out of range, a
            layout does not fit its circuits, or an observable is infinite.
        TypeError: If an observable has a free parameter.
    """
    if not is_of_primitive(program_id, inputs):
        return inputs
    checked = not os.environ.get(SKIP_CHECKS)
    sent = dict(inputs)
    circuits = circuits_run(inputs)
    for name in READERS:
        if isinstance(sent.get(name), Mapping):
            sent[name] = _read(name, sent[name], circuits, checked=checked)
    observables = sent.get("observables")
    if isinstance(observables, Sequence) and not isinstance(observables, str):
        sent["observables"] = [as_numbers(each, at) for at, each in enumerate(observables)]
    return without_repeats(program_id, sent)


def _read(
    section: str, given: Mapping[str, Any], circuits: Sequence[Any], *, checked: bool
) -> dict[str, Any]:
    values = dict(given)
    if "initial_layout" in values:
        values["initial_layout"] = as_positions(values["initial_layout"], circuits)
    result = {}
    for name, value in values.items():
        reader = READERS[section].get(name)
        if reader is not None and checked:
            reader.check(name, value)
        result[name] = scalar(value) if reader is None else reader.sent(value)
    if checked and "initial_layout" in result:
        check_places(result, circuits)
    return result
