"""Jobs, and what is known about them."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

FINAL = {"Completed", "Failed", "Cancelled"}
_ALPHABET = "0123456789abcdefghijklmnopqrstuv"


def now() -> str:
    return datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")


def new_id() -> str:
    """Twenty characters that sort by time, as the service's ids do."""
    number = (time.time_ns() << 36) | secrets.randbits(36)
    digits = ""
    for _ in range(20):
        number, digit = divmod(number, 32)
        digits = _ALPHABET[digit] + digits
    return digits


@dataclass
class Job:
    """One job."""

    request: dict[str, Any]
    backend: str
    id: str = field(default_factory=new_id)
    status: str = "Queued"
    reason: str = ""
    created: str = field(default_factory=now)
    running: str | None = None
    finished: str | None = None
    messages: list[str] = field(default_factory=list)
    result: str | None = None
    log: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: Any = None

    @property
    def session_id(self) -> str | None:
        return self.id if self.request.get("start_session") else self.request.get("session_id")

    def notify(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def end(self, status: str, reason: str = "", result: str | None = None) -> None:
        self.status, self.reason, self.result, self.finished = status, reason, result, now()
        self.notify()

    def record(self, params: bool = True) -> dict[str, Any]:
        record = {
            "id": self.id,
            "backend": self.backend,
            "status": self.status,
            "state": {"status": self.status, "reason": self.reason},
            "program": {"id": self.request["program_id"]},
            "created": self.created,
            "tags": self.request.get("tags") or [],
            "session_id": self.session_id,
            "cost": self.request.get("cost"),
            "runtime": self.request.get("runtime"),
        }
        record.update(
            {k: self.request[k] for k in ("hub", "group", "project") if k in self.request}
        )
        if params:
            record["params"] = self.request.get("params", {})
        return record
