"""Schemathesis asks everything that the description allows, and much that it does not.

``nox -s fuzz`` runs it; arguments go to ``schemathesis run``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import requests

from qiskit_ibm_runtime.local.serving.loop_thread import BackgroundServer, LoopThread
from qiskit_ibm_runtime.local.settings import Settings, User

sys.path.insert(0, str(Path(__file__).parents[1] / "local"))

from hasty_server import Hasty

TOKEN = "secret"


def main() -> int:
    background = LoopThread()
    made = Settings(users=(User("fuzz", TOKEN),), devices=("ibmq_qasm_simulator", "fake_lima"))
    server = BackgroundServer(background, made, Hasty())
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
            # Some valid requests are refused for what no schema can say: a text that is not
            # base64 of UTF-8, a job without backend on the quantum face.
            "--exclude-checks=positive_data_acceptance",
            "--generation-deterministic",
            *sys.argv[1:],
        ]
    )
    server.stop()
    background.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
