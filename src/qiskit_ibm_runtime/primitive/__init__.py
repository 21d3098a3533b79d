"""What Sampler and Estimator share."""
