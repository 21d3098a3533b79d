"""Client for Qiskit Runtime: find backends, run programs and primitives, fetch results.

Importing the package is fast: names are resolved on first use (:pep:`562`), and Qiskit itself is
loaded only when a class that needs it is accessed. Submodules are attributes of the package and
are also loaded on first use.

.. code-block:: python

    from qiskit import QuantumCircuit
    from qiskit_ibm_runtime import QiskitRuntimeService, Sampler

    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()

    service = QiskitRuntimeService(channel="local")
    sampler = Sampler(session=service.backend("ibmq_qasm_simulator"))
    print(sampler.run(bell).result().quasi_dists)
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .lazy import submodule

if TYPE_CHECKING:
    import logging

    from qiskit.exceptions import QiskitError

    from ._service.jobs import JobListing
    from .estimator import Estimator
    from .exceptions import (
        IBMAccountError,
        IBMApiError,
        IBMBackendApiProtocolError,
        IBMError,
        IBMInputValueError,
        IBMNotAuthorizedError,
        IBMRuntimeError,
        RuntimeDuplicateProgramError,
        RuntimeInvalidStateError,
        RuntimeJobFailureError,
        RuntimeJobMaxTimeoutError,
        RuntimeJobNotFound,
        RuntimeJobTimeoutError,
        RuntimeProgramNotFound,
    )
    from .ibm_backend import IBMBackend
    from .jobs import as_completed, total_usage
    from .options import Options
    from .qiskit_runtime_service import QiskitRuntimeService
    from .runtime_job import RuntimeJob
    from .runtime_options import RuntimeOptions
    from .runtime_program import ParameterNamespace, RuntimeProgram
    from .sampler import Sampler
    from .session import Session
    from .utils.json import RuntimeDecoder, RuntimeEncoder
    from .utils.utils import setup_logger
    from .version import __version__

    logger: logging.Logger

QISKIT_IBM_RUNTIME_LOGGER_NAME = "qiskit_ibm_runtime"
QISKIT_IBM_RUNTIME_LOG_LEVEL = "QISKIT_IBM_RUNTIME_LOG_LEVEL"
QISKIT_IBM_RUNTIME_LOG_FILE = "QISKIT_IBM_RUNTIME_LOG_FILE"

_HOMES = {
    "qiskit.exceptions": ("QiskitError",),
    "._service.jobs": ("JobListing",),
    ".estimator": ("Estimator",),
    ".exceptions": (
        "IBMAccountError",
        "IBMApiError",
        "IBMBackendApiProtocolError",
        "IBMError",
        "IBMInputValueError",
        "IBMNotAuthorizedError",
        "IBMRuntimeError",
        "RuntimeDuplicateProgramError",
        "RuntimeInvalidStateError",
        "RuntimeJobFailureError",
        "RuntimeJobMaxTimeoutError",
        "RuntimeJobNotFound",
        "RuntimeJobTimeoutError",
        "RuntimeProgramNotFound",
    ),
    ".ibm_backend": ("IBMBackend",),
    ".jobs": ("as_completed", "total_usage"),
    ".options": ("Options",),
    ".qiskit_runtime_service": ("QiskitRuntimeService",),
    ".runtime_job": ("RuntimeJob",),
    ".runtime_options": ("RuntimeOptions",),
    ".runtime_program": ("ParameterNamespace", "RuntimeProgram"),
    ".sampler": ("Sampler",),
    ".session": ("Session",),
    ".utils.json": ("RuntimeDecoder", "RuntimeEncoder"),
    ".utils.utils": ("setup_logger",),
    ".version": ("__version__",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "QISKIT_IBM_RUNTIME_LOGGER_NAME",
    "QISKIT_IBM_RUNTIME_LOG_FILE",
    "QISKIT_IBM_RUNTIME_LOG_LEVEL",
    "Estimator",
    "IBMAccountError",
    "IBMApiError",
    "IBMBackend",
    "IBMBackendApiProtocolError",
    "IBMError",
    "IBMInputValueError",
    "IBMNotAuthorizedError",
    "IBMRuntimeError",
    "JobListing",
    "Options",
    "ParameterNamespace",
    "QiskitError",
    "QiskitRuntimeService",
    "RuntimeDecoder",
    "RuntimeDuplicateProgramError",
    "RuntimeEncoder",
    "RuntimeInvalidStateError",
    "RuntimeJob",
    "RuntimeJobFailureError",
    "RuntimeJobMaxTimeoutError",
    "RuntimeJobNotFound",
    "RuntimeJobTimeoutError",
    "RuntimeOptions",
    "RuntimeProgram",
    "RuntimeProgramNotFound",
    "Sampler",
    "Session",
    "__version__",
    "as_completed",
    "logger",
    "setup_logger",
    "total_usage",
]


def __getattr__(name: str) -> Any:
    if name == "logger":
        import logging

        value: Any = logging.getLogger(QISKIT_IBM_RUNTIME_LOGGER_NAME)
    elif name in _HOME_OF:
        value = getattr(import_module(_HOME_OF[name], __name__), name)
    else:
        value = submodule(__name__, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


# Set up logging at import only if one of the variables is set; otherwise leave the application's
# own configuration unchanged.
if os.environ.get(QISKIT_IBM_RUNTIME_LOG_LEVEL) or os.environ.get(QISKIT_IBM_RUNTIME_LOG_FILE):
    __getattr__("setup_logger")(__getattr__("logger"))
