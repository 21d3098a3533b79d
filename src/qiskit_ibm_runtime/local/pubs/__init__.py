"""Owns PUBs, the units of work of V2 primitives: reading, checking and answering them.

Nothing here runs circuits; the programs ``sampler_v2``, ``estimator_v2`` and ``executor`` do.
"""
