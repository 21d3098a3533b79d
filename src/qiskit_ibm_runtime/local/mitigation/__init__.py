"""Error mitigation by resilience level. Does not import ``programs``."""
