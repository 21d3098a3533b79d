"""Custom programs of the service."""
