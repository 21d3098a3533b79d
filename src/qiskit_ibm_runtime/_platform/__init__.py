"""Bridge that runs V1 primitives on the current, V2-only IBM Quantum Platform.

Calls are translated to V2 jobs, and their results back to V1. This package is imported only for the
channel ``ibm_quantum_platform``. It has never been tested against IBM's live service; anyone with
an account can run ``python -m qiskit_ibm_runtime._platform.check``.
"""
