"""Constants of jobs and primitives."""

from __future__ import annotations

from typing import Any

from qiskit.providers.jobstatus import JobStatus

from .program.result_decoder import ResultDecoder
from .utils.estimator_result_decoder import EstimatorResultDecoder
from .utils.runner_result import RunnerResult
from .utils.sampler_result_decoder import SamplerResultDecoder

QISKIT_IBM_RUNTIME_API_URL = "https://auth.quantum-computing.ibm.com/api"
API_TO_JOB_STATUS = {
    "QUEUED": JobStatus.QUEUED,
    "RUNNING": JobStatus.RUNNING,
    "COMPLETED": JobStatus.DONE,
    "FAILED": JobStatus.ERROR,
    "CANCELLED": JobStatus.CANCELLED,
}
API_TO_JOB_ERROR_MESSAGE = {
    "FAILED": "Job {} has failed:\n{}",
    "CANCELLED - RAN TOO LONG": (
        "Job {} ran longer than maximum execution time. Job was cancelled:\n{}"
    ),
}
DEFAULT_DECODERS: dict[str, Any] = {
    "sampler": [ResultDecoder, SamplerResultDecoder],
    "estimator": [ResultDecoder, EstimatorResultDecoder],
    "circuit-runner": RunnerResult,
    "qasm3-runner": RunnerResult,
}
