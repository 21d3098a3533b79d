"""Convert the inputs of a primitive to their sent form."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .circuit_checks import as_positions, check_limits, check_places
from .index_lists import circuits_run, is_of_primitive, without_repeats
from .observables import as_numbers
from .option_readers import READERS, SKIP_CHECKS, sent_section

if TYPE_CHECKING:
    from .circuit_checks import BackendLimits


def as_sent(program_id: str, inputs: Any, limits: BackendLimits | None = None) -> Any:
    """Return inputs in their sent form; those of other programs unchanged.

    Args:
        program_id: The program.
        inputs: Its inputs.
        limits: Size of the backend, if it is known.

    Raises:
        ValueError: If no service could run them: a circuit is too large for the backend, an option
            is of the wrong type or out of range, a layout does not fit its circuits, or an
            observable is infinite.
        TypeError: If an observable has a free parameter.
    """
    if not is_of_primitive(program_id, inputs):
        return inputs
    checked = not os.environ.get(SKIP_CHECKS)
    circuits = circuits_run(inputs)
    sent = dict(inputs)
    sections = {name: sent[name] for name in READERS if isinstance(sent.get(name), Mapping)}
    for name, given in sections.items():
        layout = given.get("initial_layout")
        placed = {} if layout is None else {"initial_layout": as_positions(layout, circuits)}
        sent[name] = sent_section(name, {**given, **placed}, checked=checked)
        if checked and placed:
            check_places(sent[name], circuits)
    if checked and limits is not None:
        shots = sent["run_options"].get("shots") if "run_options" in sections else None
        check_limits(circuits, shots, limits)
    observables = sent.get("observables")
    if isinstance(observables, Sequence) and not isinstance(observables, str):
        sent["observables"] = [as_numbers(each, at) for at, each in enumerate(observables)]
    return without_repeats(program_id, sent)
