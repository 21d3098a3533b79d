"""The embedded runtime in a process of another environment, and the official client.

Run by ``nox -s platform`` in an environment that has IBM's client and Qiskit 2. ``FACE_PYTHON`` is
the Python of an environment with this package.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

CRN = "crn:v1:bluemix:public:quantum-computing:local:a/embedded:embedded::"
VARIABLES = ("IAM_URL", "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL", "RESOURCE_CONTROLLER_URL")


@pytest.fixture(scope="session")
def base() -> Iterator[tuple[str, str]]:
    """Address and API key of a server."""
    command = [os.environ["FACE_PYTHON"], "-m", "qiskit_ibm_runtime.local", "serve"]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd="/"
    )
    assert server.stdout is not None
    told: dict[str, str] = {}
    for line in server.stdout:
        name, _, value = line.strip().partition(": ")
        told[name] = value
        if {"url", "token"} <= set(told):
            break
    yield told["url"].removesuffix("/api"), told["token"]
    server.terminate()
    server.wait(30)


@pytest.fixture(scope="session")
def service(base: tuple[str, str]) -> Iterator[Any]:
    """The official client's service, with automatic instance discovery."""
    address, key = base
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(dict.fromkeys(VARIABLES, address))
    from qiskit_ibm_runtime import QiskitRuntimeService

    yield QiskitRuntimeService(
        channel="ibm_quantum_platform",
        token=key,
        instance=CRN,
        url=f"{address}/api/v1",
        url_resolver=lambda url, *_: url,
    )
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
