"""Refusals, and their codes."""

from __future__ import annotations

# Codes that the public service uses; those of our own begin at 12900.
NOT_AUTHORIZED, BAD_CREDENTIALS, INVALID_REQUEST = 1200, 1201, 1208
BACKEND_NOT_FOUND, PROGRAM_NOT_FOUND, JOB_NOT_FOUND = 1216, 1220, 1291
JOB_IS_FINAL, SESSION_CLOSED, LOGIN_FAILED = 1297, 1217, 3446
NOT_FOUND, METHOD_NOT_ALLOWED, NOT_STORED, TOO_LARGE = 12904, 12905, 12907, 12913
KEY_REUSED, INSTANCE_NOT_FOUND = 12922, 12930
SESSION_NOT_FOUND, LOG_NOT_READY, BAD_HOST, INTERNAL = 12931, 12932, 12921, 12999


class Refused(Exception):  # noqa: N818 - it is raised where a request is refused
    """A request that is answered with an error."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        solution: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.solution, self.headers = solution, headers


def invalid(message: str) -> Refused:
    """What a malformed request is told."""
    return Refused(400, INVALID_REQUEST, message, "Correct the request and send it again.")
