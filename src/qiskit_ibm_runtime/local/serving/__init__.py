"""Owns the server as a process: command line, token, TLS, socket, log; no folder imports it."""
