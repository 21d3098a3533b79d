"""What the client costs without a service: imports, the caller header, checks of options."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from types import SimpleNamespace
from typing import Any

from benchmarks.rows import Call, Plan, row
from benchmarks.standin import properties

NAMES = "QiskitRuntimeService, Sampler, Estimator, Session, Options"
LIBRARIES = "import requests, websocket, numpy, dateutil.parser"
MODULES = "import sys; print(len(sys.modules))"


@row("import qiskit_ibm_runtime", "under 15 ms, no Qiskit", code="import qiskit_ibm_runtime")
@row(
    "the five public names, after import qiskit",
    "at most the row below",
    code=f"from qiskit_ibm_runtime import {NAMES}",
    after="import qiskit",
)
@row(
    "their libraries, after import qiskit",
    "(part of the row above)",
    code=LIBRARIES,
    after="import qiskit",
)
def imports(code: str, after: str = "") -> Plan:
    """Plan an import in a fresh interpreter; the floor is the interpreter without it."""

    def run(*lines: str) -> str:
        command = [sys.executable, "-W", "ignore", "-c", "\n".join(lines)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def facts() -> dict[str, Any]:
        return {"modules": int(run(after, code, MODULES)) - int(run(after, MODULES))}

    return Plan(partial(run, after, code), partial(run, after), rounds=9, facts=facts)


@row("caller header x 100, {} frames deep", "the frame walk", sizes=(20, 100, 300))
def caller_header(depth: int) -> Plan:
    """Plan to say which packages make a request; the floor walks the same frames."""
    from qiskit_ibm_runtime.api.http.client_header import client_application

    def walk() -> int:
        frame, frames = sys._getframe(), 0
        while frame is not None:
            frames += frame.f_code.co_firstlineno > 0
            frame = frame.f_back
        return frames

    def deep(call: Call, depth: int = depth) -> None:
        if depth:
            return deep(call, depth - 1)
        for _ in range(100):
            call()
        return None

    return Plan(partial(deep, partial(client_application, "")), partial(deep, walk), rounds=15)


@row("Sampler.run with noise of 127 qubits, unsent", "under 1 ms", qubits=2)
@row("the same with gates, map and layout, unsent", "under 1 ms", qubits=127)
def options(qubits: int) -> Plan:
    """Plan a run that is not sent; the floor has no options."""
    from qiskit import QuantumCircuit
    from qiskit.transpiler import CouplingMap
    from qiskit_aer.noise import NoiseModel

    from qiskit_ibm_runtime import Sampler, Session

    service: Any = SimpleNamespace(
        channel="ibm_quantum",
        _channel="ibm_quantum",
        backend=lambda *_, **__: None,
        run=lambda **_: SimpleNamespace(job_id=lambda: "job"),
    )
    circuit = QuantumCircuit(qubits, 1)
    circuit.measure(0, 0)
    simulator: dict[str, Any] = {"noise_model": NoiseModel.from_backend_properties(properties())}
    if qubits == 127:
        edges = [list(edge) for edge in CouplingMap.from_heavy_hex(7).get_edges()]
        simulator.update(coupling_map=edges, basis_gates=["cx", "rz", "sx", "x"])
        simulator.update(initial_layout=list(range(127)))

    def run(**given: Any) -> Call:
        sampler = Sampler(session=Session(service=service, backend="ibmq_qasm_simulator"))
        sampler.set_options(resilience_level=0, **given)
        return partial(sampler.run, circuit, shots=100)

    return Plan(run(**simulator), run(), rounds=25)
