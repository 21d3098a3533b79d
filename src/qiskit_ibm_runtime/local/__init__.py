"""Embedded runtime: a Qiskit Runtime service on this machine.

Each subpackage states its subject in its docstring. The modules here tie them together:
``launcher`` starts a server for a client, ``settings`` defines its settings, ``runtime`` holds its
state, and ``app`` builds the ASGI application.
``docs/inside-the-embedded-runtime.md`` follows a job through all of them.
"""
