"""Bad input is refused with a clear error, and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.providers.exceptions import QiskitBackendNotFoundError

from qiskit_ibm_runtime import (
    Estimator,
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
    """Compare the number of jobs that the server knows before and after."""
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
def test_the_sampler_names_what_is_wrong_with_its_input(
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


def test_an_observable_of_the_wrong_size_is_refused(
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
def test_an_option_out_of_range_is_named(
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


def test_a_misspelt_option_is_told_its_right_name(
    service: QiskitRuntimeService, bell: QuantumCircuit
) -> None:
    options = Options(resilience_level=0, optimisation_level=1)  # type: ignore[call-arg]
    sampler = Sampler(session=service.backend(SIMULATOR), options=options)

    with pytest.warns(UserWarning, match=r"optimisation_level.*optimization_level"):
        sampler.run(bell)


def test_an_unknown_backend_is_named(service: QiskitRuntimeService) -> None:
    with pytest.raises(QiskitBackendNotFoundError, match="ibmq_atlantis"):
        service.backend("ibmq_atlantis")


def test_an_unknown_backend_in_the_options_of_run_is_named(
    service: QiskitRuntimeService, nothing_sent: Callable[[], None]
) -> None:
    with pytest.raises(QiskitBackendNotFoundError, match="ibmq_atlantis"):
        service.run("hello-world", inputs={}, options={"backend": "ibmq_atlantis"})
    nothing_sent()


def test_an_unknown_channel_is_named_with_the_choices() -> None:
    with pytest.raises(ValueError, match=r"(?s)channel.*ibm_quantum"):
        QiskitRuntimeService(channel="ibm_moon")  # type: ignore[arg-type]


def test_an_empty_token_is_refused() -> None:
    from qiskit_ibm_runtime.accounts import Account

    with pytest.raises(InvalidAccountError, match="token"):
        Account("ibm_quantum", "").validate()


def test_a_wrong_token_is_refused_by_the_server(service: QiskitRuntimeService) -> None:
    url = service._account.url

    with pytest.raises(IBMNotAuthorizedError):
        QiskitRuntimeService(channel="local", url=url, token="wrong")


def test_a_malformed_crn_is_refused_before_any_request() -> None:
    with pytest.raises((InvalidAccountError, IBMInputValueError), match="crn:v1:nonsense"):
        QiskitRuntimeService(channel="ibm_cloud", token="key", instance="crn:v1:nonsense")


@pytest.mark.parametrize("instance", ["hub/group", "hub/group/project/more", "nonsense"])
def test_a_malformed_hub_group_project_is_refused(instance: str) -> None:
    with pytest.raises(InvalidAccountError, match="instance"):
        QiskitRuntimeService(channel="ibm_quantum", token="key", instance=instance)


def test_an_unknown_hub_group_project_is_named(service: QiskitRuntimeService) -> None:
    with pytest.raises(IBMInputValueError, match="could not be found for this account"):
        service.backends(instance="no/such/project")


def test_a_circuit_wider_than_the_device_is_refused(
    service: QiskitRuntimeService, nothing_sent: Callable[[], None]
) -> None:
    sampler = Sampler(session=service.backend("fake_manila"), options={"resilience_level": 0})

    with pytest.raises(ValueError, match=r"Circuit 0 .*has 6 qubits.*fake_manila.*has 5"):
        sampler.run(QuantumCircuit(6, 6))
    nothing_sent()


def test_level_three_on_a_simulator_asks_for_a_coupling_map(
    service: QiskitRuntimeService, nothing_sent: Callable[[], None]
) -> None:
    estimator = Estimator(session=service.backend(SIMULATOR))

    with pytest.raises(ValueError, match=r"a coupling map is required\."):
        estimator.run(QuantumCircuit(1), "Z", resilience_level=3)
    nothing_sent()


def test_an_observable_that_cannot_be_read_is_named_with_its_place(
    service: QiskitRuntimeService, nothing_sent: Callable[[], None]
) -> None:
    from qiskit.exceptions import QiskitError

    estimator = Estimator(session=service.backend(SIMULATOR))

    with pytest.raises(QiskitError, match="Observable 1 cannot be read"):
        estimator.run([QuantumCircuit(1)] * 2, ["Z", "up"])
    nothing_sent()


def test_a_misspelt_option_of_a_section_is_told_its_right_name(
    service: QiskitRuntimeService, bell: QuantumCircuit
) -> None:
    sampler = Sampler(session=service.backend(SIMULATOR))

    with pytest.warns(UserWarning, match=r"'execution\.shot'.*execution\.shots") as caught:
        sampler.run(bell, execution={"shot": 5})
    assert caught[0].filename == __file__
