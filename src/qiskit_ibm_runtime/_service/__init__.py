"""The parts of a :class:`~qiskit_ibm_runtime.QiskitRuntimeService`."""
