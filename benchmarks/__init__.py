"""Cost of each call compared with its floor: ``python -m benchmarks`` prints the table.

Every row measures a subject (a call of the package) and, where one exists, a floor (the plain
library calls that nobody can avoid) in turns, in one process, so that their ratio holds on a noisy
machine. Nothing here passes or fails by a time; counts are held by the tests.
"""
