"""The retry policy, at the path for users."""

from __future__ import annotations

from .http.retry import RetryPolicy, without_waiting

__all__ = ["RetryPolicy", "without_waiting"]
