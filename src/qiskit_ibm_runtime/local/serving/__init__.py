"""Server process: command line, token, TLS, sockets and logging. No other package of the embedded runtime imports it."""
