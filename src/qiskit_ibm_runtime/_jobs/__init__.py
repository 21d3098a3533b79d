"""Submission, journal, records, waiting, streaming and pickling of jobs."""
