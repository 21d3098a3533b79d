"""Primitives on the embedded runtime, and on a recording mock session.

The mock session shows what a primitive passes to its session. Users test their own code this way,
so it must keep working.
"""

from __future__ import annotations

import warnings
from typing import Any
from unittest.mock import MagicMock

import pytest
from qiskit import QuantumCircuit

from qiskit_ibm_runtime import Estimator, QiskitRuntimeService, Sampler, Session
from qiskit_ibm_runtime._primitives.sent_inputs import as_sent

SIMULATOR = "ibmq_qasm_simulator"


@pytest.fixture(scope="session")
def service() -> QiskitRuntimeService:
    """A service on the embedded runtime, shared by the tests of this folder."""
    return QiskitRuntimeService(channel="local")


@pytest.fixture
def recording_session() -> MagicMock:
    """A mock session on a simulator whose ``run`` only records the call."""
    session = MagicMock(spec=Session)
    session.backend.return_value = "somewhere"
    session.service.backend.return_value.configuration.return_value.simulator = True
    return session


@pytest.fixture(params=[Sampler, Estimator], ids=["sampler", "estimator"])
def primitive(request: pytest.FixtureRequest) -> type[Any]:
    """Each primitive in turn."""
    return request.param


@pytest.fixture
def run(bell: QuantumCircuit) -> Any:
    """Run the Bell circuit on any primitive, ignoring warnings."""

    def call(primitive: Any, **options: Any) -> Any:
        observables = ["ZZ"] if isinstance(primitive, Estimator) else []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return primitive.run(bell, *observables, **options)

    return call


def inputs(session: MagicMock) -> dict[str, Any]:
    """Return the inputs of the last run of the session."""
    return session.run.call_args.kwargs["inputs"]


def sent(session: MagicMock) -> dict[str, Any]:
    """Return those inputs as a request would encode them."""
    arguments = session.run.call_args.kwargs
    return as_sent(arguments["program_id"], arguments["inputs"])


def runtime_options(session: MagicMock) -> dict[str, Any]:
    """Return the job options of the last run."""
    return session.run.call_args.kwargs["options"]
