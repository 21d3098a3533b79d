"""Machines that programs of earlier years name, and what the user lets stand in for them."""

from __future__ import annotations

import os
import re

from qiskit_ibm_runtime.exceptions import IBMInputValueError

STAND_INS_VARIABLE = "QISKIT_IBM_PLATFORM_BACKENDS"
_SIMULATOR = re.compile(r"ibmq_qasm_simulator|simulator_\w+")
_OLD = re.compile(r"ibmq_\w+|ibm_\w+")


def stand_ins() -> dict[str, str]:
    """Return which machine stands in for which, as ``ibmq_lima=ibm_fez,ibm_lagos=ibm_fez`` says.

    Raises:
        IBMInputValueError: If the variable of the environment is of another form.
    """
    found = {}
    for pair in filter(None, os.environ.get(STAND_INS_VARIABLE, "").replace(" ", "").split(",")):
        old, equals, new = pair.partition("=")
        if not (old and equals and new):
            raise IBMInputValueError(
                f"{STAND_INS_VARIABLE} holds {pair!r}; expected OLD=NEW, separated by commas."
            )
        found[old] = new
    return found


def what_became_of(name: str) -> str:
    """Return what is known of a machine that is not there, as an end of a sentence."""
    if _SIMULATOR.fullmatch(name):
        return (
            " IBM switched its cloud simulators off in May 2024: channel='local' has simulators on "
            f"this machine, and {STAND_INS_VARIABLE}={name}=NAME lets a device stand in."
        )
    if _OLD.fullmatch(name):
        return (
            " Machines of earlier years are retired, and an instance sees those of its region and "
            f"plan only: {STAND_INS_VARIABLE}={name}=NAME lets another one stand in."
        )
    return ""
