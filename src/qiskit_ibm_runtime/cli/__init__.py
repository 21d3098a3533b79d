"""The command line: ``qiskit-ibm-runtime``, or ``python -m qiskit_ibm_runtime.cli``.

Needs the extra ``cli``. Nothing of Qiskit is imported before a command runs.
"""
