"""Invalid input raises a clear error on a real service, and nothing is sent.

The tests of the rooms hold what each check accepts, and what it says.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.providers.exceptions import QiskitBackendNotFoundError

from qiskit_ibm_runtime import Estimator, IBMBackend, QiskitRuntimeService, Sampler

SIMULATOR = "ibmq_qasm_simulator"


@pytest.fixture
def nothing_sent(service: QiskitRuntimeService) -> Callable[[], None]:
    """Check that the block adds no job on the server."""
    before = service._api_client.jobs_get(limit=1)["count"]

    def compare() -> None:
        assert service._api_client.jobs_get(limit=1)["count"] == before

    return compare


def parameterized() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.ry(Parameter("a"), 0)
    circuit.measure(0, 0)
    return circuit


def sampler_on(service: QiskitRuntimeService, backend: str = SIMULATOR, **options: Any) -> Sampler:
    return Sampler(session=service.backend(backend), options=options)


def estimator_on(service: QiskitRuntimeService) -> Estimator:
    return Estimator(session=service.backend(SIMULATOR))


@pytest.mark.parametrize(
    ("call", "error", "named"),
    [
        (lambda service: sampler_on(service).run([QuantumCircuit(1, 1), 7]), TypeError, "int"),
        (lambda service: sampler_on(service).run([]), ValueError, "circuit"),
        (lambda service: sampler_on(service).run(parameterized()), ValueError, "1"),
        (
            lambda service: sampler_on(service).run(parameterized(), [float("nan")]),
            TypeError,
            "nan",
        ),
        (
            lambda service: estimator_on(service).run(QuantumCircuit(2), "ZZZ"),
            ValueError,
            r"(?s)2.*3|3.*2",
        ),
        (
            lambda service: sampler_on(service, execution={"shots": 0}).run(parameterized(), [0.1]),
            ValueError,
            "shots",
        ),
        (
            lambda service: estimator_on(service).run(QuantumCircuit(1), "Z", resilience_level=3),
            ValueError,
            r"a coupling map is required\.",
        ),
        (
            lambda service: sampler_on(service, "fake_manila").run(QuantumCircuit(6, 6)),
            ValueError,
            r"Circuit 0 .*has 6 qubits.*fake_manila.*has 5",
        ),
        (
            lambda service: service.run("hello-world", {}, options={"backend": "ibmq_atlantis"}),
            QiskitBackendNotFoundError,
            "ibmq_atlantis",
        ),
    ],
    ids=["type", "empty", "no values", "nan", "size", "shots", "coupling", "width", "backend"],
)
def test_names_invalid_input_and_sends_nothing(
    service: QiskitRuntimeService,
    nothing_sent: Callable[[], None],
    call: Callable[[QiskitRuntimeService], Any],
    error: type[Exception],
    named: str,
) -> None:
    with pytest.raises(error, match=named):
        call(service)
    nothing_sent()


def test_suggests_name_for_misspelled_option_and_runs(service: QiskitRuntimeService) -> None:
    bell = QuantumCircuit(1, 1)
    with pytest.warns(UserWarning, match=r"'execution\.shot'.*execution\.shots") as caught:
        sampler_on(service).run(bell, execution={"shot": 5})

    assert caught[0].filename == __file__


class TestFaultyParts:
    """A device that reports qubit 1 and the edge from 2 to 3 as faulty."""

    @pytest.fixture(autouse=True)
    def _break(self, service: QiskitRuntimeService, monkeypatch: pytest.MonkeyPatch) -> None:
        from qiskit.providers.models.backendproperties import Nduv

        calibration = copy.deepcopy(service.backend("fake_manila").properties())
        broken = Nduv(datetime.now(timezone.utc), "operational", "", 0)
        calibration.qubits[1].append(broken)
        (edge,) = (gate for gate in calibration.gates if gate.qubits == [2, 3])
        edge.parameters.append(broken)
        calibration = type(calibration).from_dict(calibration.to_dict())
        monkeypatch.setattr(IBMBackend, "properties", lambda *_, **__: calibration)

    @pytest.fixture
    def sampler(self, service: QiskitRuntimeService) -> Sampler:
        return Sampler(session=service.backend("fake_manila"), options={"resilience_level": 0})

    def test_rejects_untranspiled_circuit_that_uses_them(
        self, sampler: Sampler, nothing_sent: Callable[[], None]
    ) -> None:
        on_qubit, on_edge = QuantumCircuit(5, 5), QuantumCircuit(5, 5)
        on_qubit.x(1)
        on_edge.cx(2, 3)

        with pytest.raises(ValueError, match=r"x .*faulty qubit 1"):
            sampler.run([QuantumCircuit(5, 5), on_qubit], skip_transpilation=True)
        with pytest.raises(ValueError, match=r"cx .*faulty edge \(2, 3\)"):
            sampler.run(on_edge, transpilation={"skip_transpilation": True})
        nothing_sent()

    def test_runs_circuit_that_avoids_them(self, sampler: Sampler) -> None:
        circuit = QuantumCircuit(5, 1)
        circuit.x(4)
        circuit.measure(4, 0)

        result = sampler.run(circuit, skip_transpilation=True).result()

        assert result.quasi_dists[0][1] > 0.9

    def test_service_transpiles_around_them(self, sampler: Sampler) -> None:
        circuit = QuantumCircuit(2, 2)
        circuit.x(1)
        circuit.measure([0, 1], [0, 1])

        assert sampler.run(circuit).result().quasi_dists[0][2] > 0.8
