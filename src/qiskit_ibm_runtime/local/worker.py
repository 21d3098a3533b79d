"""The child process that runs jobs: framed JSON on stdin and stdout, one job at a time."""

from __future__ import annotations

import importlib
import io
import json
import os
import struct
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, BinaryIO

_LENGTH = struct.Struct("!Q")
_PROGRAMS = {"sampler": "sampler", "estimator": "estimator", "hello-world": "hello_world"}


class Messenger:
    """Sends what a program publishes."""

    def __init__(self, channel: BinaryIO) -> None:
        self._channel = channel

    def publish(self, message: Any, encoder: Any = None, final: bool = False) -> None:
        from qiskit_ibm_runtime.utils.json import RuntimeEncoder

        text = json.dumps(message, cls=encoder or RuntimeEncoder)
        send(self._channel, {"kind": "interim", "text": text})


def send(channel: BinaryIO, message: dict[str, Any]) -> None:
    data = json.dumps(message).encode()
    channel.write(_LENGTH.pack(len(data)) + data)
    channel.flush()


def receive(channel: BinaryIO) -> dict[str, Any] | None:
    head = channel.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    return json.loads(channel.read(_LENGTH.unpack(head)[0]))  # type: ignore[no-any-return]


def run(job: dict[str, Any], messenger: Messenger) -> dict[str, Any]:
    from qiskit_ibm_runtime.utils.json import RuntimeDecoder, RuntimeEncoder

    log = io.StringIO()
    with redirect_stdout(log), redirect_stderr(log):
        try:
            module = importlib.import_module(
                f"qiskit_ibm_runtime.local.programs.{_PROGRAMS[job['program']]}"
            )
            inputs = json.loads(job["params"], cls=RuntimeDecoder)
            result = module.main(job["backend"], messenger, **inputs)
            text = json.dumps(result, cls=RuntimeEncoder)
            return {"kind": "result", "text": text, "log": log.getvalue()}
        except BaseException:  # noqa: BLE001 - whatever a program raises is its job's failure
            return {"kind": "failure", "text": traceback.format_exc(), "log": log.getvalue()}


def main() -> None:
    channel_out = os.fdopen(os.dup(1), "wb")
    channel_in = os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)
    import qiskit_aer  # noqa: F401

    for program in _PROGRAMS.values():
        importlib.import_module(f"qiskit_ibm_runtime.local.programs.{program}")
    messenger = Messenger(channel_out)
    while (job := receive(channel_in)) is not None:
        send(channel_out, run(job, messenger))


if __name__ == "__main__":
    main()
    sys.exit(0)
