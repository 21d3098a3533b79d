"""Reader for QPY 13 to 18, the formats of Qiskit 1.3 and later, on any supported terra.

Supports the instructions that devices have: standard gates, measure, reset, barrier, delay and
``if_else``. Other instructions are rejected by name. Classes come from an allow-list, never from
the payload.
"""

from .reader import MOST_BITS, Program, read

__all__ = ["MOST_BITS", "Program", "read"]
