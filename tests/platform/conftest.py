"""A shared server with the current platform's API, and a client built on requests alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from qiskit_ibm_runtime.testing import RuntimeServer, ServerPool

VERSION = "2026-04-15"


class PlatformClient:
    """Client that follows the protocol's specification, without any client library."""

    def __init__(self, server: RuntimeServer) -> None:
        self.server, self.address = server, server.platform
        self.token = self.login().json()["access_token"]

    def login(self, key: str | None = None) -> requests.Response:
        form = {
            "grant_type": "urn:ibm:params:oauth:grant-type:apikey",
            "apikey": key or self.address.api_key,
            "response_type": "cloud_iam",
        }
        return requests.post(f"{self.address.base}/identity/token", data=form, timeout=30)

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.token}",
            "Service-CRN": self.address.instance,
            "IBM-API-Version": VERSION,
        }

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        root = more.pop("root", self.address.url)
        return requests.request(method, root + path, headers=headers, timeout=60, **more)

    def get(self, path: str, **more: Any) -> Any:
        answer = self("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def submit(self, program: str, params: dict[str, Any], **more: Any) -> requests.Response:
        body = {"program_id": program, "backend": "ideal_line", "params": params, **more}
        return self("POST", "/jobs", json=body)

    def run(self, program: str, params: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Run a job until it finishes and return its record."""
        whole = {"version": 2, **params} if program != "executor" else params
        answer = self.submit(program, whole, **more)
        assert answer.status_code == 200, answer.text
        return self.wait(answer.json()["id"])

    def wait(self, job_id: str) -> dict[str, Any]:
        while True:
            job = self.get(f"/jobs/{job_id}", params={"exclude_params": "true"})
            if job["status"] not in ("Queued", "Running"):
                return job  # type: ignore[no-any-return]

    def result(self, program: str, params: dict[str, Any], **more: Any) -> Any:
        job = self.run(program, params, **more)
        assert job["status"] == "Completed", job["state"]
        return self.get(f"/jobs/{job['id']}/results")


@pytest.fixture(scope="session")
def client(qiskit_runtime_server_pool: ServerPool) -> Iterator[PlatformClient]:
    with qiskit_runtime_server_pool.server() as server:
        yield PlatformClient(server)
