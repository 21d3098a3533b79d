"""The embedded runtime: a Qiskit Runtime service on this machine.

Each sub-folder owns one noun and says so in its docstring. What ties them together stays here:
``launcher`` starts a server for a client, ``settings`` sets one up, ``faults`` makes it fail on
demand, ``runtime`` is its state, ``app`` the whole as an ASGI application.
``docs/inside-the-embedded-runtime.md`` follows a job through them.
"""
