"""Inputs have one entry per run; repeated ones are sent once."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp

from qiskit_ibm_runtime import Estimator, QiskitRuntimeService, Sampler

from .conftest import SIMULATOR, inputs


@pytest.fixture
def rotated() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1, name="rotated", metadata={"run": 7})
    circuit.ry(Parameter("angle"), 0)
    return circuit


@pytest.mark.parametrize("count", [1, 3, 12])
def test_test_double_sees_one_entry_per_run(
    recording_session: MagicMock, primitive: type[Any], rotated: QuantumCircuit, count: int
) -> None:
    observables = [["Z"] * count] if primitive is Estimator else []

    primitive(session=recording_session).run([rotated] * count, *observables, [[0.5]] * count)

    sent = inputs(recording_session)
    assert sent["circuits"] == (rotated,) * count
    assert [list(names) for names in sent["parameters"]] == [list(rotated.parameters)] * count
    assert sent["circuit_indices"] == list(range(count))
    assert sent["parameter_values"] == ((0.5,),) * count
    if primitive is Estimator:
        assert sent["observables"] == (SparsePauliOp("Z"),) * count
        assert sent["observable_indices"] == list(range(count))


def test_equal_circuits_keep_their_names(recording_session: MagicMock) -> None:
    circuits = [QuantumCircuit(1, 1, name=name) for name in ("one", "two", "one")]

    Sampler(session=recording_session).run(circuits)

    assert [circuit.name for circuit in inputs(recording_session)["circuits"]] == [
        "one",
        "two",
        "one",
    ]


class TestJob:
    @pytest.fixture
    def job(self, service: QiskitRuntimeService, rotated: QuantumCircuit) -> Any:
        other = QuantumCircuit(1, 1, name="other")
        circuits = [rotated, other, rotated.copy()]
        estimator = Estimator(session=service.backend(SIMULATOR))
        return estimator.run(circuits, ["Z", "Z", "X"], [[0.5], [], [0.7]])

    @pytest.fixture(params=["as it was run", "by its id"])
    def seen(self, request: Any, job: Any, service: QiskitRuntimeService) -> dict[str, Any]:
        known = job if request.param == "as it was run" else service.job(job.job_id())
        return known.inputs

    def test_shows_one_entry_per_run(self, seen: dict[str, Any], rotated: QuantumCircuit) -> None:
        circuits = seen["circuits"]
        assert [circuit.name for circuit in circuits] == ["rotated", "other", "rotated"]
        assert [circuit.metadata for circuit in circuits[::2]] == [{"run": 7}] * 2
        assert circuits[0] == circuits[2] == rotated
        assert circuits[0] is not circuits[2]
        assert [[each.name for each in names] for names in seen["parameters"]] == [
            ["angle"],
            [],
            ["angle"],
        ]
        assert list(map(SparsePauliOp, seen["observables"])) == list(
            map(SparsePauliOp, ["Z", "Z", "X"])
        )
        assert list(seen["circuit_indices"]) == list(seen["observable_indices"]) == [0, 1, 2]
        assert [list(row) for row in seen["parameter_values"]] == [[0.5], [], [0.7]]

    def test_pairs_its_inputs_with_its_results(self, seen: dict[str, Any], job: Any) -> None:
        values = job.result().values
        pairs = zip(seen["circuits"], seen["observables"], seen["parameter_values"], values)
        found = [(circuit.name, *row, value) for circuit, _, row, value in pairs]

        # The exact values, within five standard deviations of 4000 shots.
        expected = [("rotated", 0.5, np.cos(0.5)), ("other", 1.0), ("rotated", 0.7, np.sin(0.7))]
        for one, other in zip(found, expected):
            assert one[:-1] == other[:-1]
            assert one[-1] == pytest.approx(other[-1], abs=5 / np.sqrt(4000))


def test_circuit_is_sent_once_with_all_values(
    service: QiskitRuntimeService, rotated: QuantumCircuit, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotated.measure(0, 0)
    bodies = []
    submit = service._api_client._api.post_job
    monkeypatch.setattr(
        service._api_client._api,
        "post_job",
        lambda body, *args, **kwargs: bodies.append(body) or submit(body, *args, **kwargs),
    )

    Sampler(session=service.backend(SIMULATOR)).run([rotated] * 3, [[1], [2], [3]])

    (body,) = bodies
    assert body.count('"QuantumCircuit"') == 1
    assert '"circuit_indices": [0, 0, 0]' in body


def test_results_are_returned_for_each_occurrence(service: QiskitRuntimeService) -> None:
    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("a"), 0)
    estimator = Estimator(session=service.backend(SIMULATOR))
    angles = [[0.0], [np.pi / 2], [np.pi], [0.0]]

    result = estimator.run([circuit] * 4, ["Z", "X", "Z", "Z"], angles).result()

    np.testing.assert_allclose(result.values, [1, 1, -1, 1])  # eigenstates: no shot noise
    assert len(result.metadata) == 4
