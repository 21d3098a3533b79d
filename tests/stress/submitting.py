"""A client to be killed: submits jobs endlessly and prints the acknowledged ones.

``python submitting.py URL TOKEN SEED``; each line is the id of a job and its result as JSON.
"""

from __future__ import annotations

import base64
import json
import random
import sys
import time
import uuid
from contextlib import suppress
from typing import Any

import requests

SIMULATOR = "ibmq_qasm_simulator"
# Jobs that are hard to end: hold the interpreter, leave a daemon behind, run Aer.
SOURCES = {
    "hold": "3 ** 3_000_000",
    "leave": "subprocess.Popen(['sleep', '1000'], start_new_session=True)",
    "aer": "backend.run(circuit, shots=20).result()",
}
HEAD = """
import subprocess
from qiskit import QuantumCircuit

circuit = QuantumCircuit(12)
for _ in range(200):
    circuit.h(range(12))
circuit.measure_all()

def main(backend, user_messenger, give=None, **kwargs):
    user_messenger.publish("begun")
"""


class Client:
    """A session that retries while its server is down."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self._session = requests.Session()

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        while True:
            with suppress(requests.RequestException, KeyError, ValueError):
                if "X-Access-Token" not in self._session.headers:
                    login = self._session.post(
                        f"{self._url}/api/users/loginWithToken",
                        json={"apiToken": self._token},
                        timeout=30,
                    )
                    self._session.headers["X-Access-Token"] = login.json()["id"]
                address = f"{self._url}/runtime{path}"
                answer = self._session.request(method, address, timeout=30, **more)
                if answer.status_code < 500:
                    return answer
            time.sleep(0.05)

    def upload(self, line: str) -> str:
        data = base64.b64encode(f"{HEAD}    {line}\n    return give\n".encode()).decode()
        body = {"name": uuid.uuid4().hex, "cost": 600, "data": data}
        return str(self.ask("POST", "/programs", json=body).json()["id"])


def main(url: str, token: str, seed: str) -> None:
    client, chance = Client(url, token), random.Random(seed)
    programs = [client.upload(line) for line in SOURCES.values()]
    while True:
        give = "x" * 1_500_000 if chance.random() < 0.02 else chance.random()
        program, params = chance.choice(programs), {"give": give}
        if chance.random() < 0.5:
            program, params = "hello-world", {"iterations": 1}
            give = "Hello, World!"
        body = {"program_id": program, "params": params, "backend": SIMULATOR}
        key = {"Idempotency-Key": uuid.uuid4().hex}
        answer = client.ask("POST", "/jobs", json=body, headers=key)
        assert answer.status_code == 200, answer.text
        job_id = answer.json()["id"]
        print(f"{job_id} {json.dumps(give)}", flush=True)
        for _ in range(20):
            found = client.ask("GET", f"/jobs/{job_id}", params={"exclude_params": "true"})
            if found.json()["status"] not in ("Queued", "Running"):
                break
            time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
