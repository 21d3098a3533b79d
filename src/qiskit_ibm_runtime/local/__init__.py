"""The embedded runtime, a Qiskit Runtime service on this machine; see ``docs/architecture.md``.

A sub-folder owns one noun each and says so in its docstring. What ties them together stays here:
``launcher`` starts a server for a client, ``settings`` sets one up, ``faults`` makes it fail on
demand, ``runtime`` is its state, ``app`` the whole as an ASGI application.
"""
