"""Common base of Sampler and Estimator, and validation and conversion of their inputs."""
