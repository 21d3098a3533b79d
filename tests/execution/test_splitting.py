"""SplittingExecutor of large jobs: the parts, equal results, and common failure and cancel."""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given as every
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp, Statevector

from qiskit_ibm_runtime.local.execution.executor import Outcome, Publish, SplittingExecutor, Work
from qiskit_ibm_runtime.local.programs import parts

from .conftest import ExecutorThread, work

# -- which parts


@every(st.lists(st.integers(0, 300), min_size=1, max_size=20), st.integers(1, 300))
def test_parts_contain_every_group_once_and_are_balanced(groups: list[int], weight: int) -> None:
    plan = parts.plan(groups, weight)

    pieces = [piece for part in plan for piece in part]
    seen = [(p.question, group) for p in pieces for group in range(p.first, p.last)]
    assert seen == [(question, group) for question, n in enumerate(groups) for group in range(n)]
    assert sorted({piece.question for piece in pieces}) == list(range(len(groups)))
    sizes = [sum(max(1, p.last - p.first) for p in part) for part in plan]
    assert max(sizes) - min(sizes) <= 1
    assert len(plan) == 1 or (max(sizes) - 1) * weight < parts.CIRCUITS


def test_small_job_is_one_part() -> None:
    assert len(parts.plan([1] * parts.CIRCUITS, 1)) == 1
    assert len(parts.plan([1] * (parts.CIRCUITS + 1), 1)) == 2


# -- one result


def circuit() -> QuantumCircuit:
    made = QuantumCircuit(2)
    made.ry(0.4, 0)
    made.cx(0, 1)
    made.rx(0.9, 1)
    return made


GROUPS = ["ZZ", "XX", "YY", "XY", "YX", "ZX", "XZ", "YZ", "ZY"]
"""Observables that need separate measurements."""


def observable(groups: int) -> SparsePauliOp:
    terms = [(label, 0.5 + n / 10) for n, label in enumerate(GROUPS[:groups])]
    return SparsePauliOp.from_list([*terms, ("II", 2.0)])


ALIKE = {
    "circuits": [circuit()],
    "circuit_indices": [0] * 150,
    "observables": [SparsePauliOp(["ZZ", "XI"])],
    "observable_indices": [0] * 150,
}
LARGE: dict[str, dict[str, Any]] = {
    "level 0": {**ALIKE, "run_options": {"shots": 200, "seed_simulator": 4}},
    "no shots": {**ALIKE, "run_options": {"shots": None, "seed_simulator": 4}},
    **{
        f"level {level}": {
            "circuits": [circuit()],
            "observables": [observable(groups)],
            "resilience_settings": {"level": level},
            "run_options": {"shots": 1600, "seed_simulator": 4},
        }
        for level, groups in ((1, 9), (2, 3), (3, 2))  # the fewest that are more than one part
    },
}


@dataclass
class Large:
    name: str
    work: Work
    outcome: Outcome


@pytest.fixture(scope="module", params=LARGE)
def large(request: pytest.FixtureRequest, pool: ExecutorThread) -> Large:
    """Large job, and its outcome without splitting."""
    is_mitigated = request.param in ("level 1", "level 2", "level 3")
    backend = "fake_manila" if is_mitigated else "ibmq_qasm_simulator"
    given = work("estimator", LARGE[request.param], backend=backend)
    return Large(request.param, given, pool.run(given))


def test_split_job_matches_unsplit_result(large: Large, pool: ExecutorThread) -> None:
    watched = PartRecorder(pool.executor)

    split = pool.call(SplittingExecutor(watched).run(large.work, print)).result(120)

    assert large.outcome.succeeded, large.outcome.text
    assert split == large.outcome
    assert sorted(watched.parts) == list(range(len(watched.parts)))
    assert len(watched.parts) > 1


@pytest.mark.parametrize("level", [0, 1, None], ids=["level 0", "level 1", "no shots"])
def test_split_sampler_job_matches_unsplit_result(level: int | None, pool: ExecutorThread) -> None:
    measured = [circuit().measure_all(inplace=False) for _ in range(2)]
    measured[1].x(0)
    measured[1].metadata = {"mine": 1}
    asked = {
        "circuits": measured,
        "circuit_indices": [0, 1] * 70,
        "resilience_settings": {"level": level or 0},
        "run_options": {"shots": None if level is None else 100, "seed_simulator": 4},
    }
    given = work("sampler", asked, backend="fake_manila" if level else "ibmq_qasm_simulator")
    watched = PartRecorder(pool.executor)

    split = pool.call(SplittingExecutor(watched).run(given, print)).result(120)

    assert split.succeeded, split.text
    assert watched.parts == [0, 1]
    result, whole = json.loads(split.text), json.loads(pool.run(given).text)
    for about in (*result["metadata"], *whole["metadata"]):
        about.pop("readout_mitigation_time", None)
    assert result == whole
    assert len(result["quasi_dists"]) == len(result["metadata"]) == 140
    assert [about["header_metadata"] for about in result["metadata"]] == [{}, {"mine": 1}] * 70


def test_groups_of_all_parts_add_up_to_the_expectation_value(large: Large) -> None:
    """
    Values agree with the noiseless value within six standard deviations. Mitigation leaves less
    than a tenth of the noise here.
    """
    asked = LARGE[large.name]["observables"][0]
    exact = Statevector(circuit()).expectation_value(asked).real

    result = json.loads(large.outcome.text)

    about = result["metadata"][0]
    deviation = math.sqrt(about["variance"] / about["shots"]) if about["shots"] else 0.0
    noise = 0.1 if large.name.startswith("level") else 1e-9
    assert result["values"] == pytest.approx(
        [exact] * len(result["values"]), abs=6 * deviation + noise
    )
    if large.name == "level 2":
        amplified = about["zne"]["noise_amplification"]
        assert len(amplified["values"]) == len(amplified["noise_factors"]) == 3
    if large.name == "level 3":
        assert about["standard_error"] == pytest.approx(deviation)
        assert sum(about["confidence_interval"]) / 2 == pytest.approx(result["values"][0])


# -- common failure and cancel


class PartRecorder:
    """Executor wrapper that records the parts that are run."""

    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self.capacity = executor.capacity
        self.parts: list[int] = []

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    async def run(self, given: Work, publish: Publish) -> Outcome:
        if "part" in given:
            self.parts.append(given["part"])
        return await self._executor.run(given, publish)  # type: ignore[no-any-return]


class Scripted:
    """Executor that requests splitting; each part waits for its gate and publishes messages."""

    def __init__(self, count: int, capacity: int, failing: int | None = None) -> None:
        self._count, self.capacity, self._failing = count, capacity, failing
        self.gates = [asyncio.Event() for _ in range(count)]
        self.begun: list[int] = []
        self.killed: list[int] = []

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    async def run(self, given: Work, publish: Publish) -> Outcome:
        if given.get("may_split"):
            return Outcome(True, "", parts=self._count)
        number = given["part"]
        self.begun.append(number)
        publish(f"{number} begins")
        try:
            await self.gates[number].wait()
        except asyncio.CancelledError:
            self.killed.append(number)
            raise
        publish(f"{number} ends")
        if number == self._failing:
            return Outcome(False, f"part {number} broke", "its log\n")
        answer = {"questions": [number], "values": [float(number)], "metadata": [{}]}
        return Outcome(True, json.dumps(answer), f"log of {number}\n")


JOB = {"program": "estimator", "params": "{}"}


async def _until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0)


def test_messages_and_logs_of_parts_are_in_order() -> None:
    async def scenario() -> None:
        inner, heard = Scripted(3, 3), list[Any]()
        running = asyncio.create_task(SplittingExecutor(inner).run(JOB, heard.append))
        await _until(lambda: len(inner.begun) == 3)
        assert heard == ["0 begins"]

        for number in (2, 1, 0):
            inner.gates[number].set()
            await asyncio.sleep(0)
        outcome = await running

        assert heard == [f"{n} {what}" for n in range(3) for what in ("begins", "ends")]
        assert json.loads(outcome.text) == {"values": [0.0, 1.0, 2.0], "metadata": [{}] * 3}
        assert outcome.log == "log of 0\nlog of 1\nlog of 2\n"

    asyncio.run(scenario())


def test_failing_part_fails_the_job_and_kills_the_others() -> None:
    async def scenario() -> None:
        inner = Scripted(4, 3, failing=1)
        running = asyncio.create_task(SplittingExecutor(inner).run(JOB, print))
        await _until(lambda: len(inner.begun) == 3)

        inner.gates[1].set()
        outcome = await running

        assert (outcome.succeeded, outcome.text) == (False, "part 1 broke")
        assert outcome.log == "its log\n"
        assert inner.killed == sorted(set(inner.begun) - {1})

    asyncio.run(scenario())


def test_cancel_kills_all_parts() -> None:
    async def scenario() -> None:
        inner = Scripted(4, 2)
        running = asyncio.create_task(SplittingExecutor(inner).run(JOB, print))
        await _until(lambda: len(inner.begun) == 2)

        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

        assert inner.killed == inner.begun == [0, 1]

    asyncio.run(scenario())


def test_single_worker_splits_nothing() -> None:
    async def scenario() -> None:
        inner = Scripted(2, 1)
        inner.gates[0].set()

        assert (await SplittingExecutor(inner).run({**JOB, "part": 0}, print)).succeeded
        assert inner.begun == [0]

    asyncio.run(scenario())


def test_other_jobs_run_between_parts() -> None:
    """The number of parts of a job that run at once is limited."""

    async def scenario() -> None:
        inner = Scripted(5, 2)
        running = asyncio.create_task(SplittingExecutor(inner).run(JOB, print))
        await _until(lambda: len(inner.begun) == 2)
        assert inner.begun == [0, 1]

        inner.gates[1].set()
        await _until(lambda: len(inner.begun) == 3)
        for gate in inner.gates:
            gate.set()

        assert (await running).succeeded

    asyncio.run(scenario())
