"""A program to start from."""

from __future__ import annotations

from typing import Any


def program(backend: Any, user_messenger: Any, **kwargs: Any) -> None:
    """Do the work."""


def main(backend: Any, user_messenger: Any, **kwargs: Any) -> Any:
    """Entry point of a runtime program."""
    return program(backend, user_messenger, **kwargs)
