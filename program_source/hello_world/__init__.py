"""The first program: random circuits, one interim result each."""

from .hello_world import main

__all__ = ["main"]
