"""Owns circuits on Aer: backend, noise, what is measured; never imports ``mitigation``."""
