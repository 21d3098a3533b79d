"""Web page of the embedded runtime."""
