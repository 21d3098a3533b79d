"""Streams of job messages over websockets."""
