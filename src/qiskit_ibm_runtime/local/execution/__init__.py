"""Owns the run of one job in a process of its own; never imports anything of the server."""
