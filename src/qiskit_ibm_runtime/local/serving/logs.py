"""Logging of the server: one JSON object per line on standard error."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone

from qiskit_ibm_runtime.local.timestamps import format_timestamp


class JSONFormatter(logging.Formatter):
    """Format records as JSON with time, level, logger, event, and the fields of the record."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": format_timestamp(datetime.fromtimestamp(record.created, timezone.utc)),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def log_as_json(level: str) -> None:
    """Log the records of this server and of uvicorn to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JSONFormatter())
    for name in ("qiskit_ibm_runtime.local", "uvicorn"):
        log = logging.getLogger(name)
        log.handlers = [handler]
        log.propagate = False
        log.setLevel(level.upper())
