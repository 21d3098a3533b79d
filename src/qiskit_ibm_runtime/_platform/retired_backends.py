"""Retired backends that older programs name, and the user's substitutes for them."""

from __future__ import annotations

import os
import re

from qiskit_ibm_runtime.exceptions import IBMInputValueError

SUBSTITUTES_VARIABLE = "QISKIT_IBM_PLATFORM_BACKENDS"
_SIMULATOR = re.compile(r"ibmq_qasm_simulator|simulator_\w+")
_OLD = re.compile(r"ibmq_\w+|ibm_\w+")


def backend_substitutes() -> dict[str, str]:
    """Read substitutes from the environment, such as ``ibmq_lima=ibm_fez,ibm_lagos=ibm_fez``.

    Raises:
        IBMInputValueError: If the environment variable is malformed.
    """
    found = {}
    for pair in filter(None, os.environ.get(SUBSTITUTES_VARIABLE, "").replace(" ", "").split(",")):
        old, equals, new = pair.partition("=")
        if not (old and equals and new):
            raise IBMInputValueError(
                f"{SUBSTITUTES_VARIABLE} contains {pair!r}; expected OLD=NEW, separated by commas."
            )
        found[old] = new
    return found


def retirement_hint(name: str) -> str:
    """Explain why a backend is missing, as text to append to an error; may be empty."""
    if _SIMULATOR.fullmatch(name):
        return (
            " IBM retired its cloud simulators in May 2024: channel='local' has simulators on this "
            f"machine, or set {SUBSTITUTES_VARIABLE}={name}=NAME to use another backend."
        )
    if _OLD.fullmatch(name):
        return (
            " Older devices are retired, and an instance sees only the devices of its region and "
            f"plan. Set {SUBSTITUTES_VARIABLE}={name}=NAME to use another backend."
        )
    return ""
