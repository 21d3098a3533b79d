"""The programs of the embedded runtime, by id."""
