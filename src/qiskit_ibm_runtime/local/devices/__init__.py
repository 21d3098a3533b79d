"""Catalog of backends and their configurations. Imports no other package here, and no Qiskit."""
