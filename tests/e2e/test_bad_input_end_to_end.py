"""Invalid input raises a clear error, and nothing is sent."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.providers.exceptions import QiskitBackendNotFoundError

from qiskit_ibm_runtime import (
    Estimator,
    IBMBackend,
    IBMInputValueError,
    IBMNotAuthorizedError,
    Options,
    QiskitRuntimeService,
    Sampler,
)
from qiskit_ibm_runtime.accounts import InvalidAccountError

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


@pytest.mark.parametrize(
    ("circuits", "values", "error", "named"),
    [
        ("not a circuit", None, TypeError, "str"),
        ([QuantumCircuit(1, 1), 7], None, TypeError, "int"),
        ([], None, ValueError, "circuit"),
        (parameterized(), None, ValueError, "1"),
        (parameterized(), [0.1, 0.2], ValueError, "2"),
        (parameterized(), [float("nan")], TypeError, "nan"),
        ([parameterized()], [[0.1], [0.2]], ValueError, "2"),
    ],
    ids=["text", "number in list", "empty", "no values", "too many", "nan", "sets"],
)
def test_sampler_names_invalid_input(
    service: QiskitRuntimeService,
    nothing_sent: Callable[[], None],
    circuits: Any,
    values: Any,
    error: type[Exception],
    named: str,
) -> None:
    sampler = Sampler(session=service.backend(SIMULATOR))

    with pytest.raises(error, match=named):
        sampler.run(circuits, values)
    nothing_sent()


def test_rejects_observable_of_the_wrong_size(
    service: QiskitRuntimeService, nothing_sent: Callable[[], None]
) -> None:
    estimator = Estimator(session=service.backend(SIMULATOR))

    with pytest.raises(ValueError, match=r"(?s)2.*3|3.*2"):
        estimator.run(QuantumCircuit(2), "ZZZ")
    nothing_sent()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"optimization_level": 4}, "optimization_level"),
        ({"resilience_level": 2}, "resilience_level"),
        ({"resilience": {"noise_amplifier": "Loud"}}, "Loud"),
        ({"execution": {"shots": 0}}, "shots"),
    ],
    ids=["optimization", "resilience", "amplifier", "shots"],
)
def test_names_option_out_of_range(
    service: QiskitRuntimeService,
    nothing_sent: Callable[[], None],
    bell: QuantumCircuit,
    options: dict[str, Any],
    named: str,
) -> None:
    sampler = Sampler(session=service.backend(SIMULATOR), options=options)

    with pytest.raises(ValueError, match=named):
        sampler.run(bell)
    nothing_sent()


def test_suggests_name_for_misspelled_option(
    service: QiskitRuntimeService, bell: QuantumCircuit
) -> None:
    options = Options(resilience_level=0, optimisation_level=1)  # type: ignore[call-arg]
    sampler = Sampler(session=service.backend(SIMULATOR), options=options)

    with pytest.warns(UserWarning, match=r"optimisation_level.*optimization_level"):
        sampler.run(bell)


def test_names_unknown_backend(service: QiskitRuntimeService) -> None:
    with pytest.raises(QiskitBackendNotFoundError, match="ibmq_atlantis"):
        service.backend("ibmq_atlantis")


def test_names_unknown_backend_in_run_options(
    service: QiskitRuntimeService, nothing_sent: Callable[[], None]
) -> None:
    with pytest.raises(QiskitBackendNotFoundError, match="ibmq_atlantis"):
        service.run("hello-world", inputs={}, options={"backend": "ibmq_atlantis"})
    nothing_sent()


def test_unknown_channel_error_lists_choices() -> None:
    with pytest.raises(ValueError, match=r"(?s)channel.*ibm_quantum"):
        QiskitRuntimeService(channel="ibm_moon")  # type: ignore[arg-type]


def test_rejects_empty_token() -> None:
    from qiskit_ibm_runtime.accounts import Account

    with pytest.raises(InvalidAccountError, match="token"):
        Account("ibm_quantum", "").validate()


def test_server_rejects_wrong_token(service: QiskitRuntimeService) -> None:
    url = service._account.url

    with pytest.raises(IBMNotAuthorizedError):
        QiskitRuntimeService(channel="local", url=url, token="wrong")


def test_rejects_malformed_crn_before_any_request() -> None:
    with pytest.raises((InvalidAccountError, IBMInputValueError), match="crn:v1:nonsense"):
        QiskitRuntimeService(channel="ibm_cloud", token="key", instance="crn:v1:nonsense")


@pytest.mark.parametrize("instance", ["hub/group", "hub/group/project/more", "nonsense"])
def test_rejects_malformed_hub_group_project(instance: str) -> None:
    with pytest.raises(InvalidAccountError, match="instance"):
        QiskitRuntimeService(channel="ibm_quantum", token="key", instance=instance)


def test_names_unknown_hub_group_project(service: QiskitRuntimeService) -> None:
    with pytest.raises(IBMInputValueError, match="could not be found for this account"):
        service.backends(instance="no/such/project")


def test_rejects_circuit_wider_than_the_device(
    service: QiskitRuntimeService, nothing_sent: Callable[[], None]
) -> None:
    sampler = Sampler(session=service.backend("fake_manila"), options={"resilience_level": 0})

    with pytest.raises(ValueError, match=r"Circuit 0 .*has 6 qubits.*fake_manila.*has 5"):
        sampler.run(QuantumCircuit(6, 6))
    nothing_sent()


def test_level_three_on_a_simulator_requires_a_coupling_map(
    service: QiskitRuntimeService, nothing_sent: Callable[[], None]
) -> None:
    estimator = Estimator(session=service.backend(SIMULATOR))

    with pytest.raises(ValueError, match=r"a coupling map is required\."):
        estimator.run(QuantumCircuit(1), "Z", resilience_level=3)
    nothing_sent()


def test_names_unreadable_observable_with_its_index(
    service: QiskitRuntimeService, nothing_sent: Callable[[], None]
) -> None:
    from qiskit.exceptions import QiskitError

    estimator = Estimator(session=service.backend(SIMULATOR))

    with pytest.raises(QiskitError, match="Observable 1 is invalid"):
        estimator.run([QuantumCircuit(1)] * 2, ["Z", "up"])
    nothing_sent()


def test_suggests_name_for_misspelled_section_option(
    service: QiskitRuntimeService, bell: QuantumCircuit
) -> None:
    sampler = Sampler(session=service.backend(SIMULATOR))

    with pytest.warns(UserWarning, match=r"'execution\.shot'.*execution\.shots") as caught:
        sampler.run(bell, execution={"shot": 5})
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
