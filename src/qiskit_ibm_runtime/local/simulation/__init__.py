"""Circuits on Aer: the backend, its noise, what is measured on it."""
