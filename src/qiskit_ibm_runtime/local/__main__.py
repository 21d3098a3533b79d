"""Entry point of ``python -m qiskit_ibm_runtime.local``."""

from __future__ import annotations

import os
import sys

from .interpreter import import_path


def main() -> int:
    """Run the command line, with the working folder removed from the import path."""
    if os.name != "posix":
        print("error: the embedded runtime runs on Linux and macOS only", file=sys.stderr)
        return 2
    # ``python -m`` puts the working folder first on sys.path.
    sys.path[:] = import_path()
    try:
        from .serving.command_line import main as run

        return run()
    except ModuleNotFoundError as error:
        print(
            f"error: {error}. The embedded runtime requires the extra 'local' of this package: "
            'pip install "PATH[local]", where PATH is its wheel or checkout',
            file=sys.stderr,
        )
        return 2


if __name__ == "__main__":
    sys.exit(main())
