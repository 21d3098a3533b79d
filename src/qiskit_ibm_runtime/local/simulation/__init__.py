"""Simulation of circuits on Aer: backend, noise, observables. Does not import ``mitigation``."""
