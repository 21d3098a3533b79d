"""Random jobs, crashes and cancellations do not affect other jobs.

``nox -s stress`` runs it, or ``pytest tests/stress/test_random_crashes.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time

from qiskit import QuantumCircuit

from qiskit_ibm_runtime.local.execution.executor import Work
from qiskit_ibm_runtime.local.execution.workers import WorkerPool
from qiskit_ibm_runtime.utils.json import RuntimeEncoder

JOBS = 1000
CRASH = "import os\ndef main(backend, user_messenger, **kwargs):\n    os.kill(os.getpid(), 9)\n"


def bell(seed: int) -> Work:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    inputs = {"circuits": [circuit], "run_options": {"seed_simulator": seed}}
    return {
        "program": "sampler",
        "params": json.dumps(inputs, cls=RuntimeEncoder).encode(),
        "backend": "ibmq_qasm_simulator",
    }


def test_a_thousand_jobs_survive_crashes_and_cancellations() -> None:
    """
    Good jobs return the counts of their seed; bad ones fail or are canceled separately.
    """
    chance = random.Random(7)
    fates = [chance.choices(("good", "crash", "cancel"), (96, 2, 2))[0] for _ in range(JOBS)]

    async def follow(pool: WorkerPool, number: int) -> str:
        if fates[number] == "crash":
            outcome = await pool.run({**bell(number), "source": CRASH}, print)
            return "crash" if "SIGKILL" in outcome.text else outcome.text
        running = asyncio.create_task(pool.run(bell(number % 5), print))
        if fates[number] == "cancel":
            await asyncio.sleep(chance.random())
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            return "cancel"
        return (await running).text

    async def every() -> list[str]:
        pool = WorkerPool(2)
        await pool.start()
        try:
            return await asyncio.gather(*(follow(pool, number) for number in range(JOBS)))
        finally:
            await pool.stop()

    started = time.perf_counter()
    found = asyncio.run(every())
    print(f"{JOBS} jobs in {time.perf_counter() - started:.1f} s")

    by_seed: dict[int, set[str]] = {}
    for number, (fate, text) in enumerate(zip(fates, found)):
        if fate == "good":
            assert json.loads(text)["metadata"][0]["shots"] == 4000, text
            by_seed.setdefault(number % 5, set()).add(text)
        else:
            assert text == fate
    assert [len(texts) for texts in by_seed.values()] == [1] * 5
