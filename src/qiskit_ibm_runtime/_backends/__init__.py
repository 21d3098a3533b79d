"""Instances of an account, and the faulty parts and pulses of a backend."""
