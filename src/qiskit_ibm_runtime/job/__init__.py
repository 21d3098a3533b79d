"""The parts of a job: its state, waiting for its end, streaming of its messages."""
