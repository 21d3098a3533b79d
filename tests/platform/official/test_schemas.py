"""Response bodies of the embedded runtime match IBM's published schemas."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import requests
from ibm_quantum_schemas.estimator.version_0_1 import ParamsModel as EstimatorParams
from ibm_quantum_schemas.estimator.version_0_1.primitive_result import (
    PrimitiveResultWrapperModel as EstimatorResult,
)
from ibm_quantum_schemas.executor.version_2_0.models import (
    ParamsModel as ExecutorParams,
)
from ibm_quantum_schemas.executor.version_2_0.models import QuantumProgramResultModel
from ibm_quantum_schemas.sampler.version_0_1 import ParamsModel as SamplerParams
from ibm_quantum_schemas.sampler.version_0_1 import (
    PrimitiveResultWrapperModel as SamplerResult,
)
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter

from qiskit_ibm_runtime import EstimatorV2, Executor, QuantumProgram, SamplerV2

pytestmark = pytest.mark.filterwarnings("ignore")


class Raw:
    """The raw response bodies of a job."""

    def __init__(self, base: tuple[str, str], service: Any) -> None:
        address, key = base
        form = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": key}
        token = requests.post(f"{address}/identity/token", data=form, timeout=30).json()
        self.root = f"{address}/api/v1"
        self.headers = {
            "Authorization": f"Bearer {token['access_token']}",
            "Service-CRN": service.active_instance(),
        }

    def __call__(self, path: str) -> str:
        answer = requests.get(self.root + path, headers=self.headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def raw(base: tuple[str, str], service: Any) -> Raw:
    return Raw(base, service)


@pytest.fixture
def circuit(service: Any) -> QuantumCircuit:
    made = QuantumCircuit(2)
    made.ry(Parameter("t"), 0)
    made.cx(0, 1)
    return transpile(made, service.backend("fake_line"), optimization_level=1)


def test_sampler(service: Any, raw: Raw, circuit: QuantumCircuit) -> None:
    measured = circuit.measure_all(inplace=False)
    job = SamplerV2(mode=service.backend("fake_line")).run([(measured, [[0.1], [0.2]], 100)])
    job.result()

    SamplerParams.model_validate(json.loads(raw(f"/jobs/{job.job_id()}"))["params"])
    SamplerResult.model_validate_json(raw(f"/jobs/{job.job_id()}/results"))


@pytest.mark.parametrize("level", [0, 1, 2])
def test_estimator(service: Any, raw: Raw, circuit: QuantumCircuit, level: int) -> None:
    estimator = EstimatorV2(mode=service.backend("fake_line"), options={"default_shots": 256})
    estimator.options.resilience_level = level
    job = estimator.run([(circuit, ["IIIZZ", "IIIXX"], [[0.1], [0.2]], 0.1)])
    job.result()

    EstimatorParams.model_validate(json.loads(raw(f"/jobs/{job.job_id()}"))["params"])
    result = EstimatorResult.model_validate_json(raw(f"/jobs/{job.job_id()}/results"))
    data = result.value_.pub_results[0].value_.data.value_
    assert (data.fields.evs_noise_factors is not None) == (level == 2)
    assert (data.fields.ensemble_standard_error is not None) == (level < 2)


def test_executor(service: Any, raw: Raw, circuit: QuantumCircuit) -> None:
    program = QuantumProgram(shots=100)
    measured = circuit.measure_all(inplace=False)
    program.append_circuit_item(measured, circuit_arguments=np.zeros((3, 2, 1)))
    job = Executor(mode=service.backend("fake_line")).run(program)
    job.result()

    ExecutorParams.model_validate(json.loads(raw(f"/jobs/{job.job_id()}"))["params"])
    result = QuantumProgramResultModel.model_validate_json(raw(f"/jobs/{job.job_id()}/results"))
    (register,) = result.data[0].results.values()
    assert register.to_numpy().shape == (3, 2, 100, circuit.num_qubits)
