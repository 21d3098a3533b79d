"""A stand-in for the service, in a process of its own: canned answers after a set latency.

:class:`StandIn` starts ``python -m benchmarks.standin SETTING``, which prints its URL. It counts
requests, connections, bytes received, and dependent round trips (the longest chain of requests of
which each began after the one before had ended). With ``"handshake": 0.1`` it is three hosts that
speak TLS and take so long to greet.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import os
import ssl
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np
from tests import standin as small

if TYPE_CHECKING:
    import socket


@cache
def snapshot(kind: str) -> dict[str, Any]:
    """Data of a device with 127 qubits, as terra ships it."""
    spec = importlib.util.find_spec("qiskit")
    folder = Path(spec.submodule_search_locations[0], "providers", "fake_provider", "backends")
    return json.loads((folder / "washington" / f"{kind}_washington.json").read_text())


def properties() -> Any:
    from qiskit.providers.models import BackendProperties

    return BackendProperties.from_dict(copy.deepcopy(snapshot("props")))


def make_result(kind: str) -> str:
    """Return a result of ``"KIND BYTES"``, about so long.

    ``text`` is one string, ``array`` numbers that do not compress, and ``quasi`` what a sampler
    sends: bit strings of 40 qubits and numbers, 1,000 for each circuit.
    """
    name, size = kind.split()
    random = np.random.default_rng(1).random
    if name == "text":
        return json.dumps("x" * int(size))
    if name == "array":
        from qiskit_ibm_runtime import RuntimeEncoder

        return json.dumps(random(int(size) * 10 // 103), cls=RuntimeEncoder)
    entries = [
        {f"{start + key:040b}": value for key, value in enumerate(random(1000).tolist())}
        for start in range(0, int(size) // 65, 1000)
    ]
    return json.dumps({"quasi_dists": entries, "metadata": [{} for _ in entries]})


class Answers(small.StandIn):
    """What the stand-in says, and what it was asked."""

    def __init__(
        self,
        latency: float = 0.05,
        projects: int = 1,
        devices: int = 20,
        inputs: int = 0,
        handshake: float = 0,
        result: str = "text 1000",
    ) -> None:
        super().__init__(page_size=200)
        self.latency, self.handshake = latency, handshake
        program = {"id": "sampler" if result.startswith("quasi") else "custom"}
        self.add_jobs(10_000, backend="device_00", program=program, params={"text": "x" * inputs})
        names = ["p", *(f"p{n}" for n in range(1, projects))]  # "p" is that of the jobs
        named = {name: {"name": name, "isDefault": name == "p"} for name in names}
        network = {"name": "h", "groups": {"g": {"name": "g", "projects": named}}}
        self.answers = {
            "GET /Network": (200, [network]),
            "GET /backends": (200, {"devices": [f"device_{n:02}" for n in range(devices)]}),
            "GET /jobs/job0/results": (200, make_result(result)),
            "POST /jobs": (200, {"id": "job0", "backend": "device_00"}),
        }
        self.canned: dict[str, tuple[int, bytes]] = {}
        self.reset()

    def speak_tls(self, authority: str) -> None:
        """Be three hosts that speak TLS; write the certificate of their authority to a file."""
        import trustme

        made = trustme.CA()
        made.cert_pem.write_to_path(authority)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.issue_cert("127.0.0.1").configure_cert(self.tls)
        hosts = [self.url, self.listen(), self.listen()]
        self.url, http, runtime = (host.replace("http:", "https:") for host in hosts)
        urls = {"http": f"{http}/api", "services": {"runtime": f"{runtime}/runtime"}}
        self.answers["GET /users/me"] = 200, {"urls": urls}

    def connected(self, sock: socket.socket) -> socket.socket:
        self.connections.append(sock)
        time.sleep(self.handshake)
        return self.tls.wrap_socket(sock, server_side=True) if self.handshake else sock

    def answer(self, call: str, query: dict[str, list[str]], body: bytes) -> tuple[int, bytes]:
        """Answer in words found once, so that little of a figure is the stand-in's."""
        self.requests.clear()  # only times and sizes are asked for
        started = time.perf_counter()
        time.sleep(self.latency)
        key = f"{call} {query}"
        if key not in self.canned:
            status, content = self.device(call) or super().answer(call, query, body)
            self.canned[key] = status, small.encoded(content)
        self.log.append((started, time.perf_counter(), len(body)))
        return self.canned[key]

    def device(self, call: str) -> tuple[int, Any] | None:
        """Answer a request about one device, as ``GET /backends/device_00/status``."""
        if not call.startswith("GET /backends/"):
            return None
        _, _, name, kind = call.split("/")
        return 200, {
            "configuration": {**snapshot("conf"), "backend_name": name, "simulator": False},
            "properties": {**snapshot("props"), "backend_name": name},
            "defaults": snapshot("defs"),
            "status": {
                "state": True,
                "status": "active",
                "length_queue": 3,
                "backend_version": "1",
            },
        }[kind]

    def reset(self) -> None:
        self.log: list[tuple[float, float, int]] = []
        self.connections: list[object] = []

    def counts(self) -> dict[str, int]:
        """Return what was asked since the last reset."""
        chain, end = 0, 0.0
        for started, ended, _ in sorted(self.log, key=lambda times: times[1]):
            if started >= end:
                chain, end = chain + 1, ended
        return {
            "requests": len(self.log),
            "connections": len(self.connections),
            "dependent": chain,
            "received": sum(size for *_, size in self.log),
        }


class StandIn:
    """A running stand-in, seen from the process that measures."""

    def __init__(self, **setting: Any) -> None:
        # The interpreter that measures may hold another release, or none of what this needs.
        python = os.environ.get("BENCHMARKS_PYTHON", sys.executable)
        command = [python, "-W", "ignore", "-m", "benchmarks.standin", json.dumps(setting)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self.url, self._authority = json.loads(self._process.stdout.readline())

    def reset(self) -> None:
        self._call("reset")

    def counts(self) -> dict[str, int]:
        """Return what was asked since the last reset."""
        return self._call("counts")

    def _call(self, method: str) -> Any:
        self._process.stdin.write(f"{method}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def service(self, channel: str = "ibm_quantum") -> Any:
        """Log in; on the cloud channel an experimental address is used as it is."""
        from qiskit_ibm_runtime import QiskitRuntimeService

        place = {"url": f"{self.url}/api", "verify": self._authority}
        if channel == "ibm_cloud":
            place = {"url": f"{self.url}/experimental", "instance": small.CRN}
        return QiskitRuntimeService(channel=channel, token="a-token", **place)

    def stop(self) -> None:
        self._process.communicate()  # closes its input


def main() -> None:
    """Answer until the input ends, however the process that started this one ends."""
    setting = json.loads(sys.argv[1])
    with NamedTemporaryFile(suffix=".pem") as authority, Answers(**setting) as answers:
        if answers.handshake:
            answers.speak_tls(authority.name)
        print(json.dumps([answers.url, authority.name]), flush=True)
        for line in sys.stdin:
            print(json.dumps(getattr(answers, line.strip())()), flush=True)


if __name__ == "__main__":
    main()
