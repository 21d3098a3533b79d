"""Fuzz the embedded runtime with Schemathesis, by its OpenAPI description.

``nox -s fuzz`` runs it and passes arguments to ``schemathesis run``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import requests

from qiskit_ibm_runtime.local.settings import Settings, User
from qiskit_ibm_runtime.testing.servers import BackgroundServer, LoopThread

sys.path.insert(0, str(Path(__file__).parents[1] / "local"))

from killable_server import QuickExecutor

TOKEN = "secret"


def main() -> int:
    thread = LoopThread()
    made = Settings(users=(User("fuzz", TOKEN),), devices=("ibmq_qasm_simulator", "fake_lima"))
    server = BackgroundServer(thread, made, QuickExecutor())
    login = requests.post(
        f"{server.url}/api/users/loginWithToken", json={"apiToken": TOKEN}, timeout=30
    )
    code = subprocess.call(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{server.url}/openapi.json",
            f"--header=X-Access-Token: {login.json()['id']}",
            "--checks=all",
            # Some valid requests are rejected for reasons that no schema can express: strings that
            # are not base64 of UTF-8, or jobs without a backend on the quantum channel.
            "--exclude-checks=positive_data_acceptance",
            "--generation-deterministic",
            *sys.argv[1:],
        ]
    )
    server.stop()
    thread.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
