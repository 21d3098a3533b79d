"""Sample programs that run inside the service, or locally with a backend of your own."""
