"""``python -m qiskit_ibm_runtime.local``: serve the embedded runtime, or clean its data."""

from __future__ import annotations

import os
import sys

from .interpreter import import_path


def main() -> int:
    """Run the command line, with nothing of the working folder in reach of an import."""
    if os.name != "posix":
        print("error: the embedded runtime runs on Linux and macOS only", file=sys.stderr)
        return 2
    # ``python -m`` puts the working folder first.
    sys.path[:] = import_path()
    try:
        from .serving.command_line import main as run

        return run()
    except ModuleNotFoundError as error:
        print(
            f"error: {error}. The embedded runtime needs the extra 'local' of this package: "
            'pip install "PATH[local]", with the path of its wheel or checkout as PATH',
            file=sys.stderr,
        )
        return 2


if __name__ == "__main__":
    sys.exit(main())
