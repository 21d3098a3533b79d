"""Owns which backends there are, and their documents; imports no other folder, no Qiskit."""
