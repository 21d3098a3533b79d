"""Entry point of the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .exit_codes import USAGE_ERROR

if TYPE_CHECKING:
    from collections.abc import Sequence

_LIBRARIES = ("typer", "rich")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Args:
        arguments: Command-line arguments; ``sys.argv[1:]`` by default.
    """
    try:
        from .application import run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _LIBRARIES:
            raise
        print(  # noqa: T201
            f"error: {error}. The command line requires the extra 'cli' of this package: "
            'pip install "PATH[cli]", where PATH is the path of its wheel or checkout',
            file=sys.stderr,
        )
        return USAGE_ERROR
    return run(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
