"""Methods that reduce the errors of a noisy device, by the level of resilience."""
