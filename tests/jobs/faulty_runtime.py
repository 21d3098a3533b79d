"""An embedded runtime that fails on demand, in a process of its own.

with FaultyRuntime({"kind": "drop", "rate": 0.3}, seed=7) as service:
    service.run(...)
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from qiskit_ibm_runtime import QiskitRuntimeService

TOKEN = "token-of-a-test"
SERVER = """
import json, sys
from qiskit_ibm_runtime.testing.faults import Fault, Faults
from qiskit_ibm_runtime.testing import ServerPool

given = json.loads(sys.argv[1])
faults = Faults([Fault(**fault) for fault in given["faults"]], given["seed"])
with ServerPool() as pool, pool.server(faults, users=[given["token"]]) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


class FaultyRuntime:
    def __init__(self, *faults: dict[str, Any], seed: int = 7) -> None:
        given = json.dumps({"faults": faults, "seed": seed, "token": TOKEN})
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SERVER, given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    def __enter__(self) -> QiskitRuntimeService:
        return QiskitRuntimeService(channel="ibm_quantum", token=TOKEN, url=self.url)

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
