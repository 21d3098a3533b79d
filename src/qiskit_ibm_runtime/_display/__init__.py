"""Rendering of objects in notebooks, partly shared with the command line."""
