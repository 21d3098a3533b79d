"""Persistent state: records and payloads on disk. Does not import HTTP code or Qiskit."""
