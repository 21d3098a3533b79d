"""Normal form of circuits, and conversions from Qiskit, to Qiskit and to QPY."""
