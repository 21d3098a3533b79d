"""Sampler and Estimator: their common base, and their inputs as given, checked and sent."""
