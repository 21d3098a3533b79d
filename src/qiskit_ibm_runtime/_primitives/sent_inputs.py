"""Validation of a primitive's inputs, and conversion for encoding."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .circuit_checks import check_circuits, with_positions
from .index_lists import circuits_run, is_of_primitive, without_repeats
from .observables import as_numbers
from .option_readers import SKIP_CHECKS, with_sent_options

if TYPE_CHECKING:
    from .circuit_checks import BackendLimits


def as_sent(program_id: str, inputs: Any, limits: BackendLimits | None = None) -> Any:
    """Return validated and converted inputs; those of other programs are unchanged.

    Args:
        program_id: Id of the program.
        inputs: Program inputs.
        limits: Limits of the backend, if known.

    Raises:
        ValueError: If no service could run the inputs: a circuit is too large for the backend, an
            option has an invalid value, a layout does not match its circuits, or a coefficient is
            not finite.
        TypeError: If an observable has a free parameter.
    """
    if not is_of_primitive(program_id, inputs):
        return inputs
    checked = not os.environ.get(SKIP_CHECKS)
    circuits = circuits_run(inputs)
    sent = with_sent_options(with_positions(inputs, circuits), checked=checked)
    if checked:
        check_circuits(circuits, sent, limits)
    observables = sent.get("observables")
    if isinstance(observables, Sequence) and not isinstance(observables, str):
        sent["observables"] = [as_numbers(each, at) for at, each in enumerate(observables)]
    return without_repeats(program_id, sent)
