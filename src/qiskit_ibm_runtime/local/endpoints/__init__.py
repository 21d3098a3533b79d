"""Owns what can be asked: table of routes, handlers; never imports ``execution`` or ``app``."""
