"""The examples in the documentation of programs, jobs and sessions run as they stand."""

from __future__ import annotations

import inspect
import textwrap
import warnings

import pytest

from qiskit_ibm_runtime import ParameterNamespace, RuntimeOptions, RuntimeProgram, Session
from qiskit_ibm_runtime.job_listing import JobListing
from qiskit_ibm_runtime.program import ProgramBackend, UserMessenger
from qiskit_ibm_runtime.program.metadata import ProgramMetadata
from qiskit_ibm_runtime.runtime_session import RuntimeSession

CLASSES = [
    JobListing,
    ParameterNamespace,
    ProgramBackend,
    ProgramMetadata,
    RuntimeOptions,
    RuntimeProgram,
    RuntimeSession,
    Session,
    UserMessenger,
]
MARK = ".. code-block:: python\n"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_an_example_runs(cls, capsys):
    pytest.importorskip("qiskit_aer", reason="the examples run on the embedded runtime")
    _, mark, rest = inspect.getdoc(cls).partition(MARK)
    lines = rest.splitlines()
    end = next((n for n, line in enumerate(lines) if line and line[0] != " "), len(lines))

    with warnings.catch_warnings():
        if cls is RuntimeSession:  # it warns, as it should
            warnings.simplefilter("ignore", DeprecationWarning)
        exec(textwrap.dedent("\n".join(lines[:end])), {"__name__": "example"})

    assert mark
