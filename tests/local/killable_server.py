"""Server to kill in tests: its jobs take a few milliseconds and need no Qiskit."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from qiskit_ibm_runtime.local.app import create_app
from qiskit_ibm_runtime.local.execution.executor import Outcome, Publish, Work
from qiskit_ibm_runtime.local.serving.server import base_url, listen, make_server
from qiskit_ibm_runtime.local.settings import Settings, User


class QuickExecutor:
    capacity = 2

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    async def run(self, work: Work, publish: Publish) -> Outcome:
        inputs = json.loads(work["params"])
        for number in range(inputs.get("publish", 3)):
            publish(json.dumps(number if number < 1000 else "x" * 1000))
            if number % 1000 == 999:
                await asyncio.sleep(0)
        await asyncio.sleep(inputs.get("seconds", 0.003))
        return Outcome(True, json.dumps(inputs.get("give")), "log")


def main(folder: str) -> None:
    settings = Settings(data=Path(folder), users=(User("alice", "token"),))
    server = make_server(create_app(settings, QuickExecutor()), settings)
    listener = listen("127.0.0.1", 0)
    print(base_url(settings, listener), flush=True)
    asyncio.run(server.serve(sockets=[listener]))


if __name__ == "__main__":
    main(sys.argv[1])
