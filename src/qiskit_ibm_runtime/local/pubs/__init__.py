"""Read and check PUBs, the units of work of V2 primitives, and encode their results.

The programs ``sampler_v2``, ``estimator_v2`` and ``executor_v2`` run them.
"""
