"""Server process: command line, token, TLS, sockets and logging. No package of local imports it."""
