"""Owns conversations on file, recorded and replayed; imports no folder but ``protocol``."""
