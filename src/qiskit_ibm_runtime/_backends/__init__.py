"""Backends: which there are, which one a run goes to, and their faulty parts and pulses."""
