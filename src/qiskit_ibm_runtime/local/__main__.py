"""``python -m qiskit_ibm_runtime.local``: start the embedded runtime, print URL and token."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import socket
import sys
import threading

import uvicorn

from .app import create_app
from .faults import Faults


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m qiskit_ibm_runtime.local", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--faults", help="JSON, or a file of it; see docs/fault-injection.md")
    parser.add_argument("--until-eof", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    token = os.environ.get("QISKIT_IBM_LOCAL_TOKEN") or secrets.token_urlsafe(32)
    listener = socket.socket()
    listener.bind((arguments.host, arguments.port))
    port = listener.getsockname()[1]
    faults = Faults.read(arguments.faults) if arguments.faults else None
    app = create_app(token, arguments.workers, faults)
    config = uvicorn.Config(app, log_level="warning", ws="auto")
    server = uvicorn.Server(config)
    if arguments.until_eof:
        threading.Thread(target=_stop_at_eof, args=(server,), daemon=True).start()
    print(f"url: http://{arguments.host}:{port}/api\ntoken: {token}", flush=True)
    listener.listen(512)
    asyncio.run(server.serve(sockets=[listener]))


def _stop_at_eof(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    main()
