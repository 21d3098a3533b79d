"""The embedded runtime that ``channel="local"`` starts: what ends it, and what must not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

_INTERRUPTED = """
from qiskit_ibm_runtime import QiskitRuntimeService

service = QiskitRuntimeService(channel="local")
options = {"backend": "ibmq_qasm_simulator"}
job = service.run("hello-world", {"iterations": 1, "sleep_per_iteration": 1}, options=options)
try:
    print("waiting", flush=True)
    job.result()
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(job.result())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_signals_of_the_terminal_leave_the_runtime_alone(number: signal.Signals) -> None:
    program = f"import signal\nsignal.signal({number:d}, signal.default_int_handler)\n"
    with subprocess.Popen(
        [sys.executable, "-c", program + _INTERRUPTED],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"

        os.killpg(process.pid, number)

        assert process.stdout.read() == "interrupted\nHello, World!\n"
