"""Execution of jobs in separate processes. Does not import anything of the server."""
