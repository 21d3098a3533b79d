"""Owns the protocol of today's IBM Quantum Platform; its jobs are those of the embedded runtime."""
