"""Owns the reduction of errors by level of resilience; never imports ``programs``."""
