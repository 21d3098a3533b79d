"""A program that transpiles and runs the circuits it is given."""

from .circuit_runner import main

__all__ = ["main"]
