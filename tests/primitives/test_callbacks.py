"""Callbacks given in the options."""

from __future__ import annotations

import queue
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qiskit_ibm_runtime import Estimator, QiskitRuntimeService

TIMEOUT = 60  # seconds; reached only on failure


@pytest.mark.parametrize("where", ["constructor", "run"])
def test_callback_gets_the_raw_result_and_job_id(
    service: QiskitRuntimeService, bell: QuantumCircuit, primitive: type[Any], where: str
) -> None:
    messages: queue.Queue[tuple[str, Any]] = queue.Queue()
    options = {"environment": {"callback": lambda *message: messages.put(message)}}
    backend = service.backend("ibmq_qasm_simulator")
    circuit = bell.remove_final_measurements(inplace=False) if primitive is Estimator else bell
    observables = ["ZZ"] if primitive is Estimator else []

    if where == "constructor":
        job = primitive(session=backend, options=options).run(circuit, *observables)
    else:
        callback = options["environment"]["callback"]
        job = primitive(session=backend).run(circuit, *observables, callback=callback)

    job_id, message = messages.get(timeout=TIMEOUT)
    assert job_id == job.job_id()
    assert {"quasi_dists", "values"} & message.keys()
    assert len(message["metadata"]) == len(job.result().metadata) == 1


def test_bound_method_is_called_on_the_same_object(
    service: QiskitRuntimeService, bell: QuantumCircuit
) -> None:
    """
    A copy would lose what it collects.
    """
    from qiskit_ibm_runtime import Options, Sampler

    class Notebook:
        def __init__(self) -> None:
            self.pages: queue.Queue[str] = queue.Queue()  # it holds locks and cannot be copied

        def write(self, job_id: str, _message: Any) -> None:
            self.pages.put(job_id)

    notebook = Notebook()
    options = Options(environment={"callback": notebook.write})
    sampler = Sampler(session=service.backend("ibmq_qasm_simulator"), options=options)

    job = sampler.run(bell)

    assert notebook.pages.get(timeout=TIMEOUT) == job.job_id()
