"""Many threads that use one client against a failing service, and a summary of the results."""

from __future__ import annotations

import collections
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from qiskit_ibm_runtime.exceptions import IBMError
from qiskit_ibm_runtime.testing.faults import Fault


def faults(rate: float) -> list[Fault]:
    """Return every kind of fault, at about this total rate."""
    kinds = [
        Fault("status", status=500),
        Fault("status", status=500, when="after"),
        Fault("status", status=502),
        Fault("status", status=502, when="after"),
        Fault("status", status=503, retry_after=1),
        Fault("status", status=504, when="after", body="<html>time-out</html>"),
        Fault("status", status=429, retry_after=0.5),
        Fault("reset"),
        Fault("reset", when="while"),
        Fault("reset", when="after"),
        Fault("latency", seconds=0.02),
    ]
    often = [Fault(**{**vars(kind), "rate": rate / len(kinds)}) for kind in kinds]
    return [Fault("expire", path="/runtime/", nth=range(100, 10_000, 400)), *often]


@dataclass
class Account:
    """The outcome of each call, and what is wrong with it."""

    calls: int = 0
    results: int = 0
    errors: collections.Counter[str] = field(default_factory=collections.Counter)
    wrong: list[str] = field(default_factory=list)
    submitted: dict[str, str] = field(default_factory=dict)
    in_doubt: set[str] = field(default_factory=set)
    threads_left: int = 0
    doubled: int = 0
    lost: int = 0


class Load:
    """Make mixed calls on one client."""

    def __init__(self, client: Any, service: Any, seed: int) -> None:
        self.client, self.service, self.seed = client, service, seed
        self.account = Account()
        self.lock = threading.Lock()

    def run(self, calls: int, threads: int) -> Account:
        before = set(threading.enumerate())
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(self._call, range(calls)))
        account = self.account
        account.threads_left = len(set(threading.enumerate()) - before)
        owners = collections.Counter(str(j["params"]["number"]) for j in self.service.jobs.values())
        account.doubled = sum(count - 1 for count in owners.values())
        known = set(account.submitted.values())
        account.lost = sum(
            str(job["params"]["number"]) not in account.in_doubt
            for job_id, job in self.service.jobs.items()
            if job_id not in known
        )
        return account

    def _call(self, number: int) -> None:
        chance = random.Random(f"{self.seed} {number}")
        action = chance.choice(["submit", "submit", "job", "jobs", "results", "cancel", "backends"])
        try:
            right = getattr(self, f"_{action}")(number, chance)
        except IBMError as error:
            with self.lock:
                self.account.calls += 1
                self.account.errors[type(error).__name__] += 1
                if error.failure is None:
                    self.account.wrong.append(f"{action}: {error!r} knows nothing of its failure")
        except Exception as error:  # noqa: BLE001  # whatever else comes is what the test looks for
            with self.lock:
                self.account.calls += 1
                self.account.wrong.append(f"{action}: {error!r} is no error of ours")
        else:
            with self.lock:
                self.account.calls += 1
                self.account.results += 1
                if not right:
                    self.account.wrong.append(f"{action} {number}: not the right result")

    def _some_job(self, chance: random.Random) -> str:
        with self.lock:
            ids = list(self.account.submitted.values())
        return chance.choice(ids) if ids else self._new_job(-chance.randrange(10**9))

    def _new_job(self, number: int) -> str:
        try:
            answer = self.client.program_run(
                "hello-world", "a-device", {"number": number}, None, None, None, None
            )
        except IBMError as error:
            if error.failure is not None and error.failure.uncertain:
                with self.lock:
                    self.account.in_doubt.add(str(number))
            raise
        with self.lock:
            self.account.submitted[str(number)] = answer["id"]
        return answer["id"]

    def _submit(self, number: int, chance: random.Random) -> bool:
        job_id = self._new_job(number)
        return self.service.jobs[job_id]["params"] == {"number": number}

    def _job(self, number: int, chance: random.Random) -> bool:
        job_id = self._some_job(chance)
        return self.client.job_get(job_id)["id"] == job_id

    def _jobs(self, number: int, chance: random.Random) -> bool:
        jobs = self.client.jobs_get(limit=3)["jobs"]
        return all(job["id"] in self.service.jobs for job in jobs)

    def _results(self, number: int, chance: random.Random) -> bool:
        job_id = self._some_job(chance)
        return self.client.job_results(job_id) == f'{{"result of": "{job_id}"}}'

    def _cancel(self, number: int, chance: random.Random) -> bool:
        job_id = self._new_job(-1 - number)
        self.client.job_cancel(job_id)
        return self.service.jobs[job_id]["state"]["status"] == "Cancelled"

    def _backends(self, number: int, chance: random.Random) -> bool:
        return self.client.list_backends() == ["a-device"]
