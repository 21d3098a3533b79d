"""The command line ``qiskit-ibm-runtime``, also ``python -m qiskit_ibm_runtime.cli``.

Requires the extra ``cli``. Qiskit is not imported until a command needs it.
"""
