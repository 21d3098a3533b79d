"""Encoding and decoding of program inputs and results."""
