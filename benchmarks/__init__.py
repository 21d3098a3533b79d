"""Compare the cost of each call with its floor: ``python -m benchmarks`` prints the tables.

Every row measures a subject (a call of the package) and, where one exists, a floor (the underlying
library calls, which nobody can avoid) in turns, in one process, so that their ratio holds on a
noisy machine. Nothing here passes or fails by a time; counts are asserted by the tests.
"""
