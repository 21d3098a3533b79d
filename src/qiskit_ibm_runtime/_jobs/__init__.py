"""Submission, listing, waiting, streaming, decoding and pickling of jobs."""
