"""A stand-in for the service, in a process of its own: canned answers after a set latency.

:class:`StandIn` starts ``python -m benchmarks.standin SETTING``, which prints where it listens. It
counts requests, connections, bytes received, and dependent round trips (the longest chain of
requests of which each began after the one before had ended). With ``"handshake": 0.1`` it is three
hosts that speak TLS and take so long to greet; then it prints the file of their authority, too.
"""

from __future__ import annotations

import importlib.util
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.programs import standin as small

from benchmarks.payloads import make_result


@cache
def snapshot(kind: str) -> dict[str, Any]:
    """Data of a device with 127 qubits, as terra ships it."""
    spec = importlib.util.find_spec("qiskit")
    folder = Path(spec.submodule_search_locations[0], "providers", "fake_provider", "backends")
    return json.loads((folder / "washington" / f"{kind}_washington.json").read_text())


def calibration(faulty: bool) -> dict[str, Any]:
    """The properties; if wanted, with a qubit and an edge that do not work."""
    properties = snapshot("props")
    if not faulty:
        return properties
    off = {"name": "operational", "unit": "", "value": 0, "date": properties["last_update_date"]}
    *others, last = properties["qubits"]
    gates = [
        {**gate, "parameters": [*gate["parameters"], off]} if gate["qubits"] == [0, 1] else gate
        for gate in properties["gates"]
    ]
    return {**properties, "qubits": [*others, [*last, off]], "gates": gates}


class Answers(small.StandIn):
    """What the stand-in says, and what it was asked."""

    def __init__(
        self,
        latency: float = 0.05,
        projects: int = 1,
        devices: int = 20,
        inputs: int = 0,
        handshake: float = 0.0,
        faulty: bool = False,
        result: str = "text 1000",
    ) -> None:
        super().__init__(page_size=200)
        self.latency, self.handshake, self.faulty = latency, handshake, faulty
        program = "sampler" if result.startswith("quasi") else "custom"
        place = {"backend": "device_00", "project": "p0"}
        self.add_jobs(10_000, **place, program={"id": program}, params={"text": "x" * inputs})
        names = {
            f"p{index}": {"name": f"p{index}", "isDefault": not index} for index in range(projects)
        }
        network = {"name": "h", "groups": {"g": {"name": "g", "projects": names}}}
        self.answers = {
            "GET /Network": (200, [network]),
            "GET /backends": (200, {"devices": [f"device_{index:02}" for index in range(devices)]}),
            "GET /jobs/job0/results": (200, make_result(result)),
            "POST /jobs": (200, {"id": "job0", "backend": "device_00"}),
        }
        self.canned: dict[str, tuple[int, bytes]] = {}
        self.reset()

    def reset(self) -> None:
        self.times: list[tuple[float, float]] = []
        self.connections: list[object] = []
        self.received: list[int] = []

    def counts(self) -> dict[str, int]:
        chain, end = 0, 0.0
        for started, ended in sorted(self.times, key=lambda times: times[1]):
            if started >= end:
                chain, end = chain + 1, ended
        return {
            "requests": len(self.times),
            "connections": len(self.connections),
            "dependent": chain,
            "received": sum(self.received),
        }

    def answer(self, call: str, query: dict[str, list[str]], body: bytes) -> tuple[int, bytes]:
        """Answer in words found once, so that little of a figure is the stand-in's."""
        started = time.perf_counter()
        time.sleep(self.latency)
        key = f"{call} {query}"
        if key not in self.canned:
            status, content = self._device(call) or super().answer(call, query, body)
            self.canned[key] = status, small.encoded(content)
        self.received.append(len(body))
        self.times.append((started, time.perf_counter()))
        return self.canned[key]

    def _device(self, call: str) -> tuple[int, Any] | None:
        _, found, device = call.partition(" /backends/")
        name, _, kind = device.partition("/")
        if not found:
            return None
        if kind == "configuration":
            return 200, {**snapshot("conf"), "backend_name": name, "simulator": False}
        if kind == "properties":
            return 200, {**calibration(self.faulty), "backend_name": name}
        if kind == "defaults":
            return 200, snapshot("defs")
        state = {"state": True, "status": "active", "length_queue": 3, "backend_version": "1"}
        return 200, state

    def listen(self) -> str:
        """Start to serve; returns the file of the authority behind the hosts, if they have one."""
        first = _Host(self, "127.0.0.1")
        self.url = f"http://127.0.0.1:{first.server_port}"
        if not self.handshake:
            return ""
        import trustme

        authority = trustme.CA()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        hosts = [f"127.0.0.{number}" for number in (1, 2, 3)]
        authority.issue_cert(*hosts).configure_cert(self.tls)
        for host in hosts[1:]:
            _Host(self, host, first.server_port)
        self.url, http, runtime = (f"https://{host}:{first.server_port}" for host in hosts)
        urls = {"http": f"{http}/api", "services": {"runtime": f"{runtime}/runtime"}}
        self.answers["GET /users/me"] = 200, {"urls": urls}
        with tempfile.NamedTemporaryFile(suffix=".pem", delete=False) as file:
            authority.cert_pem.write_to_path(file.name)
        return file.name


class _Host(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answers: Answers, host: str, port: int = 0) -> None:
        self.answers = answers
        super().__init__((host, port), small.handler(answers))
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.answers.connections.append(client_address)
        if self.answers.handshake:
            time.sleep(self.answers.handshake)
            request = self.answers.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)


class StandIn:
    """A running stand-in, seen from the process that measures."""

    def __init__(self, **setting: Any) -> None:
        # That which measures may hold another release.
        python = os.environ.get("BENCHMARKS_PYTHON", sys.executable)
        command = [python, "-W", "ignore", "-m", "benchmarks.standin", json.dumps(setting)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.url, authority = json.loads(self._process.stdout.readline())
        self.verify: str | bool = authority or False

    def reset(self) -> None:
        self._ask("reset")

    def counts(self) -> dict[str, int]:
        return self._ask("counts")

    def _ask(self, what: str) -> Any:
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def service(self, channel: str = "ibm_quantum") -> Any:
        """Log in; on the cloud channel an experimental address is used as it is."""
        from qiskit_ibm_runtime import QiskitRuntimeService

        if channel == "ibm_cloud":
            place = {"url": f"{self.url}/experimental", "instance": small.CRN}
        else:
            place = {"url": f"{self.url}/api", "verify": self.verify}
        return QiskitRuntimeService(channel=channel, token="a-token", **place)

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()
        if self.verify:
            Path(self.verify).unlink()


def main() -> None:
    """Answer until the input ends, however the process that started this one ends."""
    answers = Answers(**json.loads(sys.argv[1]))
    authority = answers.listen()
    print(json.dumps([answers.url, authority]), flush=True)
    for line in sys.stdin:
        print(json.dumps(getattr(answers, line.strip())()), flush=True)


if __name__ == "__main__":
    main()
