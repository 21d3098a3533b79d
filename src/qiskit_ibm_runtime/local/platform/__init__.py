"""Serve the IBM Quantum Platform protocol (V2 primitives) from the embedded runtime."""
