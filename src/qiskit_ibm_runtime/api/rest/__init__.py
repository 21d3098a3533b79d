"""One adapter for each resource: path and JSON, no decisions."""

from .root import Api

__all__ = ["Api"]
