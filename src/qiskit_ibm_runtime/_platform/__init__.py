"""V1 primitives on today's IBM Quantum Platform: calls translated on the way there and back.

Nothing here is imported by a script that does not use the channel ``ibm_quantum_platform``. None of
it was ever run against IBM's live service; ``python -m qiskit_ibm_runtime._platform.check`` lets
somebody with an account do so.
"""
