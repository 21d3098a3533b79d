"""Owns what outlives the process: records and texts on disk; never imports HTTP or Qiskit."""
