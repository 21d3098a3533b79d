"""Common parts of Sampler and Estimator."""
