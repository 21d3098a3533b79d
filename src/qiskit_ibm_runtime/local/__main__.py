"""``python -m qiskit_ibm_runtime.local``: serve the embedded runtime, or clean its data."""

from __future__ import annotations

import sys

from .serving.command_line import main

if __name__ == "__main__":
    sys.exit(main())
