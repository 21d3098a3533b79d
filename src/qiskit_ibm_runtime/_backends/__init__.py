"""Catalog of backends, their matching with services, and their faulty parts and pulses."""
