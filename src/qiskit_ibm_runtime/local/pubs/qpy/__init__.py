"""Reads circuits of QPY 13 to 18, as today's Qiskit writes them, on any terra.

Only what a device runs is read: standard gates, measurements, resets, barriers, delays and
``if_else``. Everything else is refused by its name. Nothing is constructed that the payload names.
"""

from .reader import MOST_BITS, Program, read

__all__ = ["MOST_BITS", "Program", "read"]
