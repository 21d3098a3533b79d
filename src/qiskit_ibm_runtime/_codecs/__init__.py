"""Encoding and decoding of everything that travels between client and service."""
