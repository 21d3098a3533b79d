"""Parts of the HTTP session: retries, limits, errors, headers, redaction, connections."""
