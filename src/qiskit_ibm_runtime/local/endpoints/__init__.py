"""Route table and request handlers. Does not import ``execution`` or ``app``."""
