"""Owns the page of the embedded runtime: what people see who open its address in a browser."""
