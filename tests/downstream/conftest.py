"""Packages written for the V1 primitives, run on ours. They are not in the extra ``test``:
``nox -s downstream`` installs them and runs this folder, which plain ``pytest`` skips.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator

import pytest

with warnings.catch_warnings():  # these packages warn about each other while they are imported
    warnings.simplefilter("ignore")
    import qiskit_algorithms
    import qiskit_finance
    import qiskit_machine_learning
    import qiskit_nature
    import qiskit_optimization

    _IMPORTED = (
        qiskit_algorithms,
        qiskit_finance,
        qiskit_machine_learning,
        qiskit_nature,
        qiskit_optimization,
    )

from qiskit_algorithms.utils import algorithm_globals

from qiskit_ibm_runtime import Estimator, Options, QiskitRuntimeService, Sampler, Session
from qiskit_ibm_runtime.testing import ServerPool

# V2 jobs, sent to the embedded runtime through the bridge.
OVER_THE_BRIDGE = os.environ.get("DOWNSTREAM_OVER_THE_BRIDGE", "") == "1"
SEED = 42
SHOTS = 20_000
FIVE_SIGMA = 5 * math.sqrt(0.25 / SHOTS)  # largest standard deviation of a probability


@pytest.fixture(autouse=True)
def _same_seed() -> None:
    algorithm_globals.random_seed = SEED


@pytest.fixture(scope="session")
def service() -> Iterator[QiskitRuntimeService]:
    if not OVER_THE_BRIDGE:
        yield QiskitRuntimeService(channel="local")
        return
    with ServerPool(2) as pool, pool.server() as server:
        address = server.platform
        os.environ.update(address.environment)
        yield QiskitRuntimeService(
            channel="ibm_quantum_platform",
            token=address.api_key,
            instance=address.instance,
            url=address.url,
        )


@pytest.fixture
def session(service: QiskitRuntimeService) -> Iterator[Session]:
    name = "ideal_heron" if OVER_THE_BRIDGE else "ibmq_qasm_simulator"
    with Session(service=service, backend=name) as opened:
        yield opened


@pytest.fixture
def options() -> Options:
    options = Options(resilience_level=0, optimization_level=1)
    options.execution.shots = SHOTS
    if not OVER_THE_BRIDGE:
        options.simulator.seed_simulator = SEED
    return options


@pytest.fixture
def sampler(session: Session, options: Options) -> Sampler:
    return Sampler(session=session, options=options)


@pytest.fixture
def estimator(session: Session, options: Options) -> Estimator:
    return Estimator(session=session, options=options)
