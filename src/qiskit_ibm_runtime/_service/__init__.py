"""Base classes of :class:`~qiskit_ibm_runtime.QiskitRuntimeService`, one per topic."""
